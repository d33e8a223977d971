#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the case that the kernel's command line names (vm.case=NAME vm.boot=N vm.seed=N vm.rounds=N),
# and reports to the second serial port, which the host reads. The last line is `end`; the host then
# ends the machine.

read -ra words </proc/cmdline
for word in "${words[@]}"; do
	case $word in
	vm.case=*) case_name=${word#*=} ;;
	vm.boot=*) export BOOT=${word#*=} ;;
	vm.seed=*) export SEED=${word#*=} ;;
	vm.rounds=*) export ROUNDS=${word#*=} ;;
	esac
done
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/root
stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
if ! "/opt/vm/$case_name.sh"; then
	echo "# systemd and mmfs said:"
	journalctl --boot --no-pager --output short-monotonic --lines 200 --unit mmfs.service \
		--unit init.scope _TRANSPORT=kernel + _TRANSPORT=stdout + _PID=1 | sed 's/^/# /'
	systemctl --no-pager --failed | sed 's/^/# /'
	systemctl --no-pager status mmfs.service | sed 's/^/# /'
fi
sync
echo end

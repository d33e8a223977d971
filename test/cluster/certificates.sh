#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The certificate of a host is over. It goes on until it connects anew; then it is said what is wrong, and
# a file that was renewed is taken without a restart.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

restart_members()
{
	local i

	for i in 0 1 2; do
		kill_member $i
	done
	for i in 0 1 2; do
		start_member $i
	done
}

start_etcd
start_helper h1
begin h1
hear h1 '"state":"up"'

# It is connected: that the certificate is over since says nothing.
make_certificate h1 -1
say h1 '{"sync":1}'
hear h1 '"answer":1,"synced":'
restart_members
hear h1 'refuses the certificate of this host, which may have expired' 80
make_certificate h1 2
hear h1 '"state":"up"' 30

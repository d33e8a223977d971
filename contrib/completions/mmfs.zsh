#compdef mmfs
# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh completion of mmfs. Its mount options come from its help.

# Words for _values: "cache[let the kernel cache names]:value:(on off)".
_mmfs_options()
{
	local line word help action
	local -a found

	while IFS= read -r line; do
		[[ $line = '        '[a-z]* && $line != '        and '* ]] || continue
		line=${line##        }
		help=${line#*  }
		[[ $help != $line ]] || help=
		for word in ${(s: :)line%%  *}; do
			case $word in
			db=*) action=_files ;;
			uid=*) action=_users ;;
			gid=*) action=_groups ;;
			mode=*) action='(0600 0660 0640)' ;;
			id=*) action='_values -s \: scheme uuid partuuid dm md wwn serial' ;;
			devices=*) action='_values -s \: device ${(q)$(cd /sys/class/block && print -rl -- *)}' ;;
			*=*\|*) action="(${${word#*=}//\|/ })" ;;
			*=*) action=' ' ;;
			*) action= ;;
			esac
			found+=("${word%%=*}[${${help## #}//:/ }]${action:+:${word%%=*}:$action}")
		done
	done < <(${(Q)words[1]} --help 2>/dev/null)
	_values -s , 'mount option' $found 'fsname[what mount shows as the source]:source: ' allow_other allow_root \
		auto_unmount ro noatime sync dirsync nofail noauto _netdev
}

_arguments -s '-d[stay in the foreground and tell everything]' '-f[stay in the foreground]' \
	'*-o+[mount options]:mount option:_mmfs_options' '(- *)--operations[show the list of control files]' \
	'(- *)'{-h,--help}'[show the options]' '(- *)'{-V,--version}'[show versions]' \
	'1:source or mount point:_files -/' '2:mount point:_files -/'

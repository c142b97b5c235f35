# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # the variables set here are used by the other parts
# Command line of test/vm/boot and what it can check before any work.

usage() {
	cat <<-END
	usage: boot [options] SCENARIO_DIR...
	  --kernel REL     boot /boot/vmlinuz-REL (default: the newest one with headers)
	  --root DIR       take boot/vmlinuz-REL and lib/modules/REL from DIR instead of / (default:
	                   \$KP_KERNEL_ROOT)
	  --image FILE     boot this image instead of /boot/vmlinuz-REL
	  --smp N          virtual CPUs (default 2)
	  --memory SIZE    guest memory (default 1G)
	  --accel WHICH    auto, kvm or tcg (default auto: KVM if it really works)
	  --thread WHICH   single or multi: QEMU's TCG threads (default single; multi may run stale
	                   code after a text patch)
	  --icount         one guest nanosecond is one instruction (needs --smp 1, --accel tcg)
	  --timeout N      default limit of a scenario in seconds (default 60)
	  --append ARGS    more kernel arguments
	  --core CORE      run them on this core: livepatch (default), or kpatch, whose module
	                   is loaded before each scenario and removed after it
	  --core-module FILE  kpatch.ko (default \$KP_BUILD/core/REL/kpatch.ko)
	  --secure-boot FILE  boot with Secure Boot and these variables of the firmware (a copy of
	                   OVMF_VARS_4M.ms.fd) through shim and grub; the image must be signed by Debian
	  --program FILE   copy a program into the guest's /bin, with the libraries it needs
	  --module NAME    make a module of the kernel available to all scenarios
	  --module-dir DIR the same with all modules below DIR, e.g. kernel/crypto: what the kernel
	                   itself asks for does not show in dependencies
	  --logs DIR       where logs go (default \$KP_BUILD/vm/REL)
	  --show           print what the scenarios print, while they run
	  --quiet          print result lines only
	  --probe          say which accelerator would be used, and stop
	  --default-kernel say which kernel would be booted, and stop
	KP_TEST_SCALE=N: the guest is N times slower than usual. All limits are N times as long, and
	scenarios find N in \$SCALE.
	Each scenario ends as a line "@pass NAME", "@fail NAME why" or "@skip NAME why".
	Exit status: 0 all passed, 1 some failed, 2 usage or something is missing.
	END
}

die() {
	echo "boot: $*" >&2
	exit 2
}

newest_kernel() {
	local rel
	for rel in "$kernel_root"/boot/vmlinuz-*; do
		rel=${rel#"$kernel_root"/boot/vmlinuz-}
		[ ! -e "$kernel_root/lib/modules/$rel/build" ] || echo "$rel"
	done | sort -V | tail -n 1
}

parse_options() {
	release='' kernel_root=${KP_KERNEL_ROOT:-} image='' smp=2 memory=1G want_accel=${KP_VM_ACCEL:-auto} thread=single limit=60
	append='' secure_boot='' core=livepatch core_module='' logs='' show=no quiet=no probe_only=no
	scale=${KP_TEST_SCALE:-1}
	icount=() programs=() extra_modules=() module_dirs=() scenarios=()
	while [ $# -gt 0 ]; do
		case $1 in
		--show) show=yes ;;
		--quiet) quiet=yes ;;
		--icount) icount=(-icount 'shift=0,sleep=off') ;;
		--probe) probe_only=yes ;;
		--default-kernel) newest_kernel; exit 0 ;;
		-h | --help) usage; exit 0 ;;
		--kernel | --root | --image | --smp | --memory | --accel | --thread | --timeout | --append | \
		--secure-boot | --core | --core-module | --program | --module | --module-dir | --logs)
			[ $# -ge 2 ] || die "$1 needs a value"
			set_option "${1#--}" "$2"
			shift ;;
		--) shift; scenarios+=("$@"); break ;;
		-*) usage >&2; exit 2 ;;
		*) scenarios+=("$1") ;;
		esac
		shift
	done
}

set_option() {
	case $1 in
	kernel) release=$2 ;;
	root) kernel_root=${2%/} ;;
	accel) want_accel=$2 ;;
	timeout) limit=$2 ;;
	program) programs+=("$2") ;;
	module) extra_modules+=("$2") ;;
	module-dir) module_dirs+=("$2") ;;
	core-module) core_module=$2 ;;
	secure-boot) secure_boot=$2 ;;
	image | smp | memory | thread | append | core | logs) printf -v "$1" %s "$2" ;;
	esac
}

check_prerequisites() {
	local tool dir
	for tool in qemu-system-x86_64 busybox cpio depmod; do
		command -v $tool >/dev/null || die "$tool is not installed; run contrib/install-deps test"
	done
	if ldd "$(command -v busybox)" >/dev/null 2>&1; then
		die "busybox is not a static one; install busybox-static"
	fi
	[ -n "$release" ] || release=$(newest_kernel)
	[ -n "$release" ] || die "no kernel in /boot with modules and headers; install linux-image-amd64"
	[ -n "$image" ] || image=$kernel_root/boot/vmlinuz-$release
	[ -z "$secure_boot" ] || check_secure_boot
	[ -r "$image" ] || die "$image cannot be read; install linux-image-$release"
	[ -d "$kernel_root/lib/modules/$release" ] || die "$kernel_root/lib/modules/$release is missing; install linux-image-$release"
	[[ $smp$limit =~ ^[0-9]+$ ]] || die "--smp and --timeout take numbers"
	[[ $scale =~ ^[1-9][0-9]*$ ]] || die "KP_TEST_SCALE is a number"
	[ "$probe_only" = yes ] && return
	check_core
	[ ${#scenarios[@]} -gt 0 ] || die "no scenario given"
	for dir in "${scenarios[@]}"; do
		[ -r "$dir/run.sh" ] || die "$dir has no run.sh"
	done
}

check_core() {
	case $core in
	livepatch) ;;
	kpatch)
		[ -n "$core_module" ] || core_module=${KP_BUILD:-$top/build}/core/$release/kpatch.ko
		[ -r "$core_module" ] || die "$core_module does not exist; run make core" ;;
	*) die "--core is livepatch or kpatch" ;;
	esac
}

prepare_logs() {
	[ -n "$logs" ] || logs=${KP_BUILD:-$top/build}/vm/$release
	mkdir -p "$logs"
	rm -f "$logs"/*.log
}

# flag DIR NAME DEFAULT: the value of "NAME: value" in the scenario's flags file
flag() {
	local value=''
	[ ! -e "$1/flags" ] || value=$(sed -n "s/^$2:[[:space:]]*//p" "$1/flags" | tail -n 1)
	echo "${value:-$3}"
}

# A scenario may be for some releases only, "release: 6.1 6.12" names version prefixes; or for
# some cores.
wanted_here() {
	local prefix only
	only=$(flag "$1" core '')
	[[ " ${only:-$core} " = *" $core "* ]] || return 1
	only=$(flag "$1" release '')
	[ -n "$only" ] || return 0
	for prefix in $only; do
		case $release in "$prefix".* | "$prefix"-* | "$prefix") return 0 ;; esac
	done
	return 1
}

# The scenarios at the head of the queue that can share a boot: same arguments, same CPUs.
take_batch() {
	local dir rest=()
	batch=()
	batch_smp=$(flag "${queue[0]}" smp "$smp")
	batch_append=$(flag "${queue[0]}" append '')
	for dir in "${queue[@]}"; do
		if [ "$(flag "$dir" smp "$smp")" = "$batch_smp" ] &&
		   [ "$(flag "$dir" append '')" = "$batch_append" ]; then
			batch+=("$dir")
		else
			rest+=("$dir")
		fi
	done
	queue=(${rest[@]+"${rest[@]}"})
}

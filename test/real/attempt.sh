# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # set by run
# Build one module a file, load them all, say what became of each.
# DIR/runs/NAME has fix.patch, build.log, report.json and the module; DIR/verdicts a line each:
# "CLASS FILE why", CLASS being built, unchanged, refused, failed, crashed, alone or unbuilt.

# A module's name is limited to 55 characters, a path is not; its end tells most.
run_name() {
	local name
	name=$(echo "${1%.c}" | tr '/.-' '___')
	[ ${#name} -le 50 ] || name=${name: -50}
	echo "$name"
}

# attempt FILE: kpatch-build on its difference; prints the verdict
attempt() {
	local name run status=0
	name=$(run_name "$1")
	run=$dir/runs/$name
	mkdir -p "$run"
	difference "$1" >"$run/fix.patch"
	timeout -k 10 600 kpatch-build -j 1 -a "$release" --core="$core" -n "$name" -o "$run" --json "$run/report.json" \
		"$run/fix.patch" >"$run/build.log" 2>&1 </dev/null || status=$?
	echo "$(class_of $status "$run/build.log") $1 $(reason_of "$run/build.log")"
}

class_of() {
	case $1 in
	0) echo built ;;
	3) if grep -q "nothing that this kernel's configuration builds" "$2"; then
		echo unbuilt
	else
		echo unchanged
	fi ;;
	2) echo refused ;;
	1) if grep -Eq '^[^ ]+\.[ch]:[0-9]+:[0-9]+: (fatal )?error: ' "$2"; then
		echo alone
	else
		echo failed
	fi ;;
	*) echo crashed ;;
	esac
}

# The first error line, without the program's name; the compiler's own words where it failed.
reason_of() {
	grep -aE -m 1 '^[^ ]+\.[ch]:[0-9]+:[0-9]+: (fatal )?error: ' "$1" | cut -c 1-200 | grep . && return
	grep -aE -m 1 'error: |^kpatch-build: ' "$1" | sed 's/^kpatch-build: //; s/^error: //' | cut -c 1-200
}

# Candidates in their order, several at a time, until enough of them count.
build_all() {
	local counted=0 taken=0 want total
	total=$(wc -l <"$dir/candidates")
	export dir old new release core
	while [ "$counted" -lt "$count" ] && [ "$taken" -lt "$total" ]; do
		want=$((count - counted))
		sed -n "$((taken + 1)),$((taken + want))p" "$dir/candidates" |
			xargs -P "${JOBS:-2}" -I '{}' "$here/run" --attempt '{}' | tee -a "$dir/verdicts"
		taken=$((taken + want))
		counted=$(grep -Evc '^(alone|unbuilt) ' "$dir/verdicts" || true)
	done
}

# Names of the modules that a patch changes; vmlinux is none.
modules_of() {
	grep -o '"objname": *"[^"]*"' "$1" | sed 's/.*"\(.*\)"/\1/' | grep -vx vmlinux | sort -u || true
}

# A scenario a module: load what it patches if that works without the hardware, load, unload.
scenario() {
	local run=$dir/runs/$1
	modules_of "$run/report.json" >"$run/modules"
	rm -rf "$dir/scenarios/$1"
	mkdir -p "$dir/scenarios/$1"
	cp "$run/$1.ko" "$run/modules" "$dir/scenarios/$1/"
	cat >"$dir/scenarios/$1/run.sh" <<-END
		# SPDX-License-Identifier: GPL-2.0
		for module in \$(cat modules); do
			modprobe \$module 2>/dev/null || echo "\$module does not load here"
		done
		load_patch $1.ko
		ls -R /sys/kernel/$core/$1 | grep ,
		unload_patch $1
	END
}

load_all() {
	local class file why name folder status=0 list=() arguments=(--core "$core")
	rm -rf "$dir/scenarios"
	while read -r class file why; do
		[ "$class" = built ] || continue
		name=$(run_name "$file")
		scenario "$name"
		list+=("$dir/scenarios/$name")
	done <"$dir/verdicts"
	[ ${#list[@]} -gt 0 ] || return 0
	if [ "$core" = kpatch ]; then
		folder=$(core_folder "$release" normal) || fail "kpatch.ko cannot be built for $release"
		arguments+=(--core-module "$folder/kpatch.ko")
	fi
	# The kernel asks for ciphers by name when it tests others (ecdh wants a random generator).
	"$KP_TOP/test/vm/boot" --kernel "$release" "${arguments[@]}" --memory 2G --module-dir kernel/crypto \
		--module-dir kernel/arch/x86/crypto --logs "$dir/vm" "${list[@]}" >"$dir/vm.out" || status=$?
	[ $status -le 1 ] || fail "the VM did not run: $(tail -n 1 "$dir/vm.out")"
}

# loaded NAME: what the VM said about a module
loaded() {
	[ -e "$dir/vm.out" ] || { echo "not loaded (--no-load)"; return; }
	sed -n "s/^@pass $1 .*/loaded and unloaded/p; s/^@fail $1 /LOAD FAILED: /p" "$dir/vm.out"
}

# A line a file, then totals.
report() {
	local class file why name good=0 bad=0 line
	local -A total=()
	while read -r class file why; do
		if [ "$class" = built ]; then
			name=$(run_name "$file")
				line=$(loaded "$name")
			case $line in loaded*) good=$((good + 1)) ;; *) bad=$((bad + 1)) ;; esac
			why=$line
		fi
		total[$class]=$((${total[$class]:-0} + 1))
		printf '%-10s %s%s\n' "$(class_text "$class")" "$file" "${why:+: $why}"
	done < <(sort "$dir/verdicts")
	local counted=$((${total[built]:-0} + ${total[unchanged]:-0} + ${total[refused]:-0} + ${total[failed]:-0} + ${total[crashed]:-0}))
	echo
	echo "$counted files of $old -> $new, seed $seed, against $release:"
	printf '%5d built, loaded and unloaded\n%5d built, but not loaded or unloaded\n' "$good" "$bad"
	printf '%5d no change\n%5d refused\n%5d failed\n%5d crashed\n' "${total[unchanged]:-0}" \
		"${total[refused]:-0}" "${total[failed]:-0}" "${total[crashed]:-0}"
	printf '%5d not counted: need other files of the update\n' "${total[alone]:-0}"
	printf '%5d not counted: not built by this configuration\n' "${total[unbuilt]:-0}"
	[ $counted -eq 0 ] || echo "$((100 * good / counted)) % built, loaded and unloaded" \
		"($((100 * (good + ${total[unchanged]:-0}) / counted)) % with those that change nothing)"
	[ "${total[crashed]:-0}" -eq 0 ] && [ "${total[failed]:-0}" -eq 0 ] && [ "$bad" -eq 0 ]
}

class_text() {
	case $1 in
	alone) echo 'not alone' ;;
	unbuilt) echo 'not built' ;;
	*) echo "$1" ;;
	esac
}

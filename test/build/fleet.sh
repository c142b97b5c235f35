#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Several -a: a module for each kernel, a table and one report; what happens to one kernel does not concern
# the others, and nothing is left of what did not come to an end.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch-build modinfo python3
mapfile -t releases < <(kernels | tail -n 2)
[ ${#releases[@]} -eq 2 ] || skip "this needs two kernels with headers"
one=${releases[0]} two=${releases[1]}
none=6.1.0-0-none
cd "$tmp"
patch=$KP_TOP/examples/meminfo-string.patch
module=livepatch-meminfo-string.ko
mkdir out single

# says STATUS ARGUMENT...: for both kernels, all that is printed in log, the report in report.json
says() {
	local want=$1
	shift
	status "$want" kpatch-build -a "$one" -a "$two" -o out --json report.json "$@" >log 2>&1
}

# line RELEASE RESULT TEXT: the table has it; TEXT is a regular expression
line() {
	grep -E "^${1//+/\\+} +$2 +[0-9.]+  $3" log || {
		cat log
		fail "no line that $1 is $2: $3"
	}
}

# files WANTED...: what is in out/
files() {
	find out -mindepth 1 -printf '%P\n' | sort >got
	printf '%s\n' "$@" | sed '/^$/d' | sort | diff - got >&2 || fail "other files in out/ than expected"
}

# Both: each in a folder of its own, as if it had been built alone. One that is named twice is built once.
says 0 -a "$one" "$patch"
files "$one" "$one/$module" "$two" "$two/$module"
expect "Building for 2 kernels" log
for release in "$one" "$two"; do
	[[ $(modinfo -F vermagic "out/$release/$module") == "$release "* ]] || fail "not for $release"
	line "$release" "built" "out/${release//+/\\+}/$module\$"
	kpatch-build -q -a "$release" -o single "$patch"
	cmp "single/$module" "out/$release/$module"
done
python3 - "$one" "$two" <<'END' || fail "the report is wrong"
import hashlib, json, sys
r = json.load(open("report.json"))
assert (r["status"], r["exit_status"], r["error"]) == ("built", 0, None) and r["seconds"] > 0
assert [k["release"] for k in r["kernels"]] == sys.argv[1:]
for k in r["kernels"]:
    assert (k["status"], k["exit_status"], k["target"]["release"]) == ("built", 0, k["release"])
    assert k["objects"][0]["changed"] == ["meminfo_proc_show"] and k["seconds"] > 0
    data = open(k["module"]["path"], "rb").read()
    assert k["module"]["sha256"] == hashlib.sha256(data).hexdigest()
END
rm -r out/*

# One cannot be built: the others are, and the status says so.
says 4 -a $none "$patch"
files "$one" "$one/$module" "$two" "$two/$module"
line "$none" "failed" "cannot build patches for $none; missing: the kernel image"
expect "apt-get install linux-headers-$none" log
expect "kpatch-build: there is a module for 2 of 3 kernels" log
python3 - <<'END' || fail "the report is wrong"
import json
r = json.load(open("report.json"))
assert (r["status"], r["exit_status"]) == ("partly", 4)
assert [k["status"] for k in r["kernels"]] == ["built", "built", "failed"]
assert r["kernels"][2]["module"] is None and "missing" in r["kernels"][2]["error"]
END
rm -r out/*

# None: the status that all have, or 1. Quiet is what is wrong, by kernel.
refused=$KP_TOP/examples/refused/data.patch
says 2 -q "$refused"
files ''
expect "$one:" log
expect "$two:" log
expect "there is a module for 0 of 2 kernels" log
refute "Result" log
says 1 -a $none "$refused"
line "$one" "refused" ".*: "
sed 's/^+.*VMALLOCCHUNK.*/+\tshow_val_kb(m, "VmallocChunk:   ", 0ul); /' "$patch" >blank.patch
says 3 blank.patch
line "$two" "no change" ""
files ''

# What cannot be asked for
says 64 -s "$tmp" "$patch"
expect "--sourcedir, --config and --vmlinux are about one kernel" log
status 64 kpatch-build -a ../x -a no-release -o out "$patch" >log 2>&1
expect "'../x' is not a kernel release" log
files ''
status 1 kpatch-build -q -a "$one" -a $none --json /nowhere/report.json -o out "$refused" >log 2>&1
expect "/nowhere/report.json" log
touch "out/$one"
says 4 "$patch"
expect "cannot make the folder 'out/$one'" log
rm -r out/*

# Compiles of all kernels together are not more than -j says.
mkdir running
cat >launch <<'END'
#!/bin/sh
touch "$TOP/running/$$"
set -- "$$" "$@"
ls "$TOP/running" | wc -l >>"$TOP/counts"
sleep 1
rm "$TOP/running/$1"
shift
exec "$@"
END
chmod +x launch
export TOP=$tmp
for jobs in 1 2; do
	rm -f counts
	says 0 -j $jobs --cc-launcher=./launch "$patch"
	expect "Building for 2 kernels, $jobs at once" log
	[ "$(sort -n counts | tail -n 1)" -le $jobs ] || fail "more than $jobs compilers at once"
done
rm -r out/*

# A build that dies does not take the others along.
cat >die <<'END'
#!/bin/sh
case $PWD in */"$DIES"-*) kill -KILL $PPID; sleep 60 ;; esac
exec "$@"
END
chmod +x die
DIES=$one says 4 --cc-launcher=./die "$patch"
files "$two" "$two/$module"
line "$one" "failed" "the build was killed by signal 9"
rm -r out/*

# Interrupted and killed: nothing runs any more, and no file is left.
cat >hang <<'END'
#!/bin/sh
echo "$$ $(dirname "$PWD")" >>"$TOP/hanging"
sleep 300
END
chmod +x hang
for signal in INT TERM KILL; do
	rm -f hanging report.json
	kpatch-build -j 2 -a "$one" -a "$two" -o out --json report.json --cc-launcher=./hang "$patch" >log 2>&1 &
	pid=$!
	for ((i = 0; i < 1200 && $(cat hanging 2>/dev/null | wc -l) < 2; i++)); do
		sleep 0.1
	done
	[ "$(grep -c . hanging)" -eq 2 ] || { cat log; fail "the builds did not get to compiling"; }
	kill -$signal $pid
	got=0
	wait $pid || got=$?
	for ((i = 0; i < 100; i++)); do
		alive=$(while read -r hung folder; do
			[ ! -e "/proc/$hung" ] || echo "process $hung"
			[ ! -e "$folder" ] || echo "$folder"
		done <hanging)
		[ "$alive" ] || break
		sleep 0.1
	done
	[ -z "$alive" ] || fail "SIG$signal: left: $alive"
	files ''
	if [ $signal = KILL ]; then
		[ ! -e report.json ] || fail "a killed run left a report"
		continue
	fi
	[ $got -eq 130 ] || fail "SIG$signal: status $got"
	expect "kpatch-build: interrupted" log
	line "$one" interrupted interrupted
	line "$two" interrupted interrupted
	[ "$(grep -c '"exit_status": 130' report.json)" -eq 3 ] || fail "SIG$signal: the report does not say so"
done

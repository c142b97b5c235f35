#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# What a patch says of itself, from mails and from the command line into the module, and back by modinfo and
# kpatch info.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch modinfo python3
cd "$tmp"

meminfo=$KP_TOP/examples/meminfo-string.patch

# Refused before the kernel is looked for.
# says TEXT ARGUMENT...
says() {
	local text=$1
	shift
	status 64 kpatch-build -a 6.1.0-0-none "$@" "$meminfo" >log 2>&1
	expect "$text" log
}
says "--title cannot be recorded: it has control characters" --title "$(printf 'a\033[2J')"
says "--title cannot be recorded: it has control characters" --title "$(printf 'a\nfixes=CVE-2024-0001')"
says "--title cannot be recorded: it is empty" --title ""
says "--author cannot be recorded: it is not UTF-8" --author "$(printf 'J\374rgen')"
says "--author cannot be recorded: it is longer than 250 bytes" --author "$(printf '%0251d' 0)"
says "--patch-version must begin with" --patch-version "1 2"
says "--fixes: 'CVE-24-1' is not the id of a CVE" --fixes CVE-2024-1086,CVE-24-1

. "$KP_TOP/test/build/lib/edit.sh"

# A mail with all that is odd in one, then a series in one file: what is in a diff counts for nothing.
cat >mail.patch <<'END2'
From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?Bj=C3=B6rn=20T?= <b@example.org>
Date: Sat, 21 Nov 2026 12:00:00 +0000
Subject: [PATCH v2 1/2] proc: "quotes", back\slash, %s, ??=
 and a folded line

This fixes CVE-2024-1086 and cve-2023-0179.

---
END2
edit fs/proc/meminfo.c 's/VmallocChunk/VMALLOCCHUNK/'
sed 's/VMALLOCCHUNK:   ", 0ul);/& \/* CVE-2000-0001 *\//' fix.patch >>mail.patch
cat >>mail.patch <<'END2'
-- 
2.39.2

From fedcba9876543210fedcba9876543210fedcba98 Mon Sep 17 00:00:00 2001
From: Someone Else <s@example.org>
Subject: [PATCH 2/2] proc: the second

From: The Author <t@example.org>

See also CVE-2024-1086.
---
END2
rm fix.patch
edit fs/proc/version.c 's/utsname()->sysname,/"kpatch",/'
cat fix.patch >>mail.patch

# field FILE EXPRESSION: of kpatch info's JSON object i
field() {
	python3 -c 'import json, sys; i = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

built --core=livepatch mail.patch
expect "fixes CVE-2023-0179, CVE-2024-1086 (mentioned in the patch; --fixes says otherwise)" log
module=livepatch-mail.ko
fields() {
	modinfo -F "kpatch.$1" "$module"
}
same "titles" "$(printf '%s\n' 'proc: "quotes", back\slash, %s, ??= and a folded line' 'proc: the second')" \
	"$(fields title)"
same "authors" "$(printf '%s\n' 'Björn T <b@example.org>' 'The Author <t@example.org>')" "$(fields author)"
same "fixes" "$(printf 'CVE-2023-0179\nCVE-2024-1086')" "$(fields fixes)"
same "diff" "$(sha256sum mail.patch | cut -d' ' -f1)" "$(fields diff_sha256)"
same "version" "" "$(fields version)"
source=$(dpkg-query -W -f '${Version}' "linux-image-$release")
same "source" "debian $source" "$(fields source)"
case $(fields compiler) in gcc*) ;; *) fail "compiler: $(fields compiler)" ;; esac

kpatch info "$module" >text
expect '  title: proc: "quotes", back\slash, %s, ??= and a folded line' text
expect "  patch author: Björn T <b@example.org>" text
expect "  fixes: CVE-2023-0179, CVE-2024-1086" text
expect "  built from source: debian $source" text
expect "  diff, SHA-256: $(sha256sum mail.patch | cut -d' ' -f1)" text
kpatch info --json "$module" >json
same "fixes in JSON" "['CVE-2023-0179', 'CVE-2024-1086']" "$(field json 'i["fixes"]')"
same "titles in JSON" 2 "$(field json 'len(i["titles"])')"
same "version in JSON" None "$(field json 'i["patch_version"]')"

# Two patches, and the command line instead of what they say
built --core=livepatch --title 'Ours' --author 'We' --patch-version 1.2~rc1 --fixes cve-2022-0001,CVE-2021-12345 \
	-n both mail.patch "$KP_TOP/examples/timerfd-lock.patch"
module=both.ko
expect "fixes CVE-2021-12345, CVE-2022-0001" log
refute "mentioned in the patch" log
same "title" Ours "$(fields title)"
same "author" We "$(fields author)"
same "version" 1.2~rc1 "$(fields version)"
same "fixes" "$(printf 'CVE-2021-12345\nCVE-2022-0001')" "$(fields fixes)"
same "diffs" "$(sha256sum mail.patch "$KP_TOP/examples/timerfd-lock.patch" | cut -d' ' -f1)" \
	"$(fields diff_sha256)"
expect "  patch version: 1.2~rc1" <(kpatch info both.ko)

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The report as JSON: what changed, and each finding with its parts.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
int limit = 2;
#else
int limit = 1;
#endif
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * limit;
}
END
module
refused "limit"
reported object test.orig.o
reported objname target
reported status unpatchable
reported changed changed
reported new
reported new_data
reported callbacks
perl -MJSON::PP -e '
	local $/; my @d = @{decode_json(<STDIN>)->{diagnostics}};
	print scalar @d, "\n";
	print "$_: $d[0]{$_}\n" for sort keys %{$d[0]}' <report.json >diagnostics
same diagnostics "$(cat diagnostics)" <<'END'
1
message: changed data: the running kernel keeps the old contents
object: test.orig.o
remedy: change it when the patch is loaded, with a state (KPATCH_STATE) or a callback (KPATCH_PRE_PATCH_CALLBACK)
severity: error
symbol: limit
END

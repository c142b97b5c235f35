# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The author's guide, "Change data": a state changes a limit, its successor takes over without touching it, and
# the last one puts back what was there before the first.
limit=/proc/sys/fs/pipe-max-size
expect 1048576 cat $limit
echo 524288 >$limit
load_patch kp_limit.ko
expect 65536 cat $limit
expect "0 pipe_limit enabled" cat "$(patch_dir kp_limit)/states"

say "a cumulative patch with the same state"
load_patch kp_limit_again.ko
remove_module kp_limit
expect 65536 cat $limit
unload_patch kp_limit_again
expect 524288 cat $limit

say "the administrator's word counts"
load_patch kp_limit.ko
echo 131072 >$limit
unload_patch kp_limit
expect 131072 cat $limit

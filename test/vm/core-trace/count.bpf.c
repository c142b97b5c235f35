// SPDX-License-Identifier: GPL-2.0
/* Counts the calls of a kernel function that the patch changes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

unsigned long long kpt_count;

SEC("fentry/cmdline_proc_show")
int kpt_fentry(unsigned long long *ctx)
{
	__sync_fetch_and_add(&kpt_count, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";

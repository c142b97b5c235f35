/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KP_RD_H
#define KP_RD_H

#define MANY 100

int rdt_add(int a, int b);
long rdt_eight(long a, long b, long c, long d, long e, long f, long g, long h);
long rdt_sum(int count, ...);
int rdt_bpf(int a);
extern int (*const rdt_many[MANY])(int);

#endif

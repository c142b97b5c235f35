// SPDX-License-Identifier: GPL-2.0
/* Functions to be patched by kp_rd.ko. */
#include <linux/module.h>
#include <linux/stdarg.h>

#include "kp_rd.h"

noinline int rdt_add(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL_GPL(rdt_add);

noinline long rdt_eight(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h;
}
EXPORT_SYMBOL_GPL(rdt_eight);

noinline long rdt_sum(int count, ...)
{
	long sum = 0;
	va_list args;

	va_start(args, count);
	while (count--)
		sum += va_arg(args, long);
	va_end(args);
	return sum;
}
EXPORT_SYMBOL_GPL(rdt_sum);

noinline int rdt_bpf(int a)
{
	return a + 1;
}
EXPORT_SYMBOL_GPL(rdt_bpf);

#define ONE(n)				\
static noinline int many_##n(int a)	\
{					\
	return a + 1##n;		\
}
#define TEN(n)	ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4)	\
		ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
TEN(0) TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)
#undef ONE
#define ONE(n) many_##n,
int (*const rdt_many[MANY])(int) = {
	TEN(0) TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)
};
EXPORT_SYMBOL_GPL(rdt_many);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("target of the redirection test");

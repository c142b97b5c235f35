/* SPDX-License-Identifier: GPL-2.0 */
/* EACH(F) is F(0) to F(99): the functions that are patched. */
#ifndef KPB_FUNCTIONS_H
#define KPB_FUNCTIONS_H

#define EACH10(F, t) \
	F(t##0) F(t##1) F(t##2) F(t##3) F(t##4) F(t##5) F(t##6) F(t##7) F(t##8) F(t##9)
#define EACH(F) \
	EACH10(F, ) EACH10(F, 1) EACH10(F, 2) EACH10(F, 3) EACH10(F, 4) EACH10(F, 5) \
	EACH10(F, 6) EACH10(F, 7) EACH10(F, 8) EACH10(F, 9)

#endif

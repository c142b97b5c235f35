/* SPDX-License-Identifier: GPL-2.0 */
/* The other function of this name: kp_target.ko has two, which only their position tells apart. */
int target_second(void);

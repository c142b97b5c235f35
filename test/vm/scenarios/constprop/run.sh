# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function that the compiler specialised for constants (dev_prep_valid_name), in a large object.
modprobe dummy numdummies=0
ip link add bad0 type dummy
ip link del bad0
load_patch kp_constprop.ko
expect_status 2 ip link add bad1 type dummy
ip link add good0 type dummy
expect good0 ip link
ip link del good0
unload_patch kp_constprop
ip link add bad2 type dummy
expect bad2 ip link

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The example of the kernel's document on shadow variables: a spinlock for struct sta_info, attached to stations as
# they come, freed as they go. The sources have exports after what the patch includes and declares. One station is there before the patch and gets none; the last two go after it.
types=$(patch_dir kp_shadow_station)/shadow_types

locks() {
	grep -q "^1 $1 PS_LOCK" "$types"
}

modprobe mac80211_hwsim radios=1
wait_until 10 test -e /sys/class/net/wlan0 || fail "there is no wlan0"
index=$(cat /sys/class/net/wlan0/ifindex)
./station ap "$index"
ip link set wlan0 up
./station start "$index"
./station new "$index" 1
load_patch kp_shadow_station.ko
expect "1 0 PS_LOCK" cat "$types"
expect "station_locks enabled" cat "$(patch_dir kp_shadow_station)/states"
./station new "$index" 2
./station new "$index" 3
./station new "$index" 4
expect "1 3 PS_LOCK" cat "$types"
./station del "$index" 1
./station del "$index" 2
wait_until 10 locks 2 || fail "after two stations went: $(cat "$types")"
unload_patch kp_shadow_station

say "none is left"
load_patch kp_shadow_station.ko
expect "1 0 PS_LOCK" cat "$types"
./station del "$index" 3
./station new "$index" 5
expect "1 1 PS_LOCK" cat "$types"

say "the module goes, its stations first"
rmmod mac80211_hwsim
rmmod mac80211 || fail "mac80211 does not go"
unload_patch kp_shadow_station

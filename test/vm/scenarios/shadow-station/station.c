// SPDX-License-Identifier: GPL-2.0
/*
 * What hostapd asks of the kernel, by nl80211:
 *   station ap IFINDEX             make the interface an access point's
 *   station start IFINDEX          once it is up: begin to send beacons
 *   station new|del IFINDEX N      station N (its address ends with N) comes or goes
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	struct nlmsghdr head;
	struct genlmsghdr gen;
	unsigned char attributes[512];
};

static int sock;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void begin(struct message *m, uint16_t family, uint8_t command)
{
	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	m->head.nlmsg_type = family;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	m->gen.cmd = command;
	m->gen.version = 1;
}

static void add(struct message *m, uint16_t type, const void *data, size_t size)
{
	struct nlattr *attr = (struct nlattr *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	m->head.nlmsg_len = NLMSG_ALIGN(m->head.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

/* Send, and take what comes before the acknowledgement; the last such message is in @m. */
static void transact(struct message *m)
{
	static char reply[16384] __attribute__((aligned(8)));
	struct nlmsghdr *head;
	ssize_t len;

	if (send(sock, m, m->head.nlmsg_len, 0) < 0)
		die("send");
	for (;;) {
		len = recv(sock, reply, sizeof(reply), 0);
		if (len < 0)
			die("recv");
		for (head = (void *)reply; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			if (head->nlmsg_type == NLMSG_ERROR) {
				int error = ((struct nlmsgerr *)NLMSG_DATA(head))->error;

				if (!error)
					return;
				fprintf(stderr, "nl80211: %s\n", strerror(-error));
				exit(1);
			}
			memcpy(m, head, head->nlmsg_len < sizeof(*m) ? head->nlmsg_len : sizeof(*m));
		}
	}
}

static uint16_t nl80211(void)
{
	struct message m;
	char *at = (char *)m.attributes;

	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	add(&m, CTRL_ATTR_FAMILY_NAME, "nl80211", sizeof("nl80211"));
	transact(&m);
	while (at < (char *)&m + sizeof(m)) {
		struct nlattr *attr = (void *)at;

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(at + NLA_HDRLEN);
		if (!attr->nla_len)
			break;
		at += NLA_ALIGN(attr->nla_len);
	}
	fprintf(stderr, "no nl80211\n");
	exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	/* Neither authenticated nor associated yet. */
	struct nl80211_sta_flag_update flags = {
		.mask = 1 << NL80211_STA_FLAG_AUTHENTICATED | 1 << NL80211_STA_FLAG_ASSOCIATED,
	};
	uint8_t mac[6] = { 2, 0, 0, 0, 1 }, rates[] = { 2, 4, 11, 22 };
	/* Frame control, addresses, time, interval, capabilities; SSID, rates, channel. */
	static const uint8_t beacon[] = {
		0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 1, 0,
		0, 6, 'k', 'p', 'a', 't', 'c', 'h', 1, 4, 0x82, 0x84, 0x8b, 0x96, 3, 1, 1,
	};
	uint32_t frequency = 2412, beacon_interval = 100, dtim_period = 2;
	uint32_t ifindex, type = NL80211_IFTYPE_AP;
	uint16_t family, interval = 10, aid;
	struct message m;

	if (argc < 3)
		return 2;
	ifindex = (uint32_t)atoi(argv[2]);
	aid = argc > 3 ? (uint16_t)atoi(argv[3]) : 0;
	mac[5] = (uint8_t)aid;
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die("netlink");
	family = nl80211();
	if (!strcmp(argv[1], "ap")) {
		begin(&m, family, NL80211_CMD_SET_INTERFACE);
		add(&m, NL80211_ATTR_IFINDEX, &ifindex, sizeof(ifindex));
		add(&m, NL80211_ATTR_IFTYPE, &type, sizeof(type));
	} else if (!strcmp(argv[1], "start")) {
		begin(&m, family, NL80211_CMD_START_AP);
		add(&m, NL80211_ATTR_IFINDEX, &ifindex, sizeof(ifindex));
		add(&m, NL80211_ATTR_WIPHY_FREQ, &frequency, sizeof(frequency));
		add(&m, NL80211_ATTR_BEACON_INTERVAL, &beacon_interval, sizeof(beacon_interval));
		add(&m, NL80211_ATTR_DTIM_PERIOD, &dtim_period, sizeof(dtim_period));
		add(&m, NL80211_ATTR_SSID, "kpatch", 6);
		add(&m, NL80211_ATTR_BEACON_HEAD, beacon, sizeof(beacon));
	} else if (!strcmp(argv[1], "new")) {
		begin(&m, family, NL80211_CMD_NEW_STATION);
		add(&m, NL80211_ATTR_IFINDEX, &ifindex, sizeof(ifindex));
		add(&m, NL80211_ATTR_MAC, mac, sizeof(mac));
		add(&m, NL80211_ATTR_STA_LISTEN_INTERVAL, &interval, sizeof(interval));
		add(&m, NL80211_ATTR_STA_SUPPORTED_RATES, rates, sizeof(rates));
		add(&m, NL80211_ATTR_STA_AID, &aid, sizeof(aid));
		add(&m, NL80211_ATTR_STA_FLAGS2, &flags, sizeof(flags));
	} else {
		begin(&m, family, NL80211_CMD_DEL_STATION);
		add(&m, NL80211_ATTR_IFINDEX, &ifindex, sizeof(ifindex));
		add(&m, NL80211_ATTR_MAC, mac, sizeof(mac));
	}
	transact(&m);
	return 0;
}

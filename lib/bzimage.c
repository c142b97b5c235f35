// SPDX-License-Identifier: GPL-2.0
#include "bzimage.h"

#include <string.h>

#include "elf-read.h"
#include "error.h"
#include "unpack.h"

/* Documentation/x86/boot.rst, "The Real-Mode Kernel Header" */
#define SETUP_SECTS    0x1f1
#define BOOT_FLAG      0x1fe
#define HEADER_MAGIC   0x202
#define BOOT_VERSION   0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END     0x250

/* A kernel is mapped in 1 GiB at most (KERNEL_IMAGE_SIZE); a larger size is not a kernel's. */
#define MAX_UNPACKED (1U << 30)

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

bool kp_bzimage_probe(GBytes *bytes)
{
	gsize size;
	const uint8_t *data = g_bytes_get_data(bytes, &size);

	return size >= HEADER_END && get16(data + BOOT_FLAG) == 0xaa55 &&
	       memcmp(data + HEADER_MAGIC, "HdrS", 4) == 0;
}

static bool find_payload(const uint8_t *data, size_t size, const char *path,
			 const uint8_t **payload, size_t *len, GError **err)
{
	if (get16(data + BOOT_VERSION) < 0x208)
		return kp_fail(err, KP_FAILED,
			       "%s: boot protocol before 2.08 has no payload to find", path);
	uint64_t sects = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
	uint64_t start = (sects + 1) * 512 + get32(data + PAYLOAD_OFFSET);

	*len = get32(data + PAYLOAD_LENGTH);
	if (start > size || *len > size - start || *len < 16)
		return kp_fail(err, KP_FAILED,
			       "%s: the payload ends beyond the end of the file: truncated vmlinuz",
			       path);
	*payload = data + start;
	return true;
}

GBytes *kp_bzimage_unpack(GBytes *bytes, const char *path, GError **err)
{
	gsize size;
	const uint8_t *data = g_bytes_get_data(bytes, &size);
	const uint8_t *payload = NULL;
	size_t len = 0;

	if (!kp_bzimage_probe(bytes)) {
		kp_fail(err, KP_FAILED, "%s: not a bzImage (vmlinuz)", path);
		return NULL;
	}
	if (!find_payload(data, size, path, &payload, &len, err))
		return NULL;
	/* Every method's payload ends with the unpacked length (gzip by its own format). */
	uint32_t length = get32(payload + len - 4);

	if (length < sizeof(Elf64_Ehdr) || length > MAX_UNPACKED) {
		kp_fail(err, KP_FAILED, "%s: implausible unpacked length %u: damaged vmlinuz", path,
			length);
		return NULL;
	}
	g_autoptr(GBytes) unpacked = kp_unpack(payload, len, length, path, err);

	if (unpacked && g_bytes_get_size(unpacked) != length) {
		kp_fail(err, KP_FAILED, "%s: the unpacked kernel is too short: damaged vmlinuz",
			path);
		return NULL;
	}
	return g_steal_pointer(&unpacked);
}

struct kp_relocs *kp_relocs_new(void)
{
	struct kp_relocs *relocs = g_new0(struct kp_relocs, 1);

	relocs->abs64 = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	relocs->inverse = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	relocs->abs32 = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	return relocs;
}

void kp_relocs_free(struct kp_relocs *relocs)
{
	if (!relocs)
		return;
	g_array_unref(relocs->abs64);
	g_array_unref(relocs->inverse);
	g_array_unref(relocs->abs32);
	g_free(relocs);
}

/* One list ends where the next one's leading zero is. */
static size_t parse_list(const uint8_t *data, size_t words, size_t at, GArray *list)
{
	for (; at < words; at++) {
		uint32_t word = get32(data + at * 4);

		if (word == 0)
			break;
		uint64_t addr = (uint64_t)(int64_t)(int32_t)word;

		g_array_append_val(list, addr);
	}
	return at;
}

static bool is_sorted(const GArray *list)
{
	for (guint i = 1; i < list->len; i++)
		if (g_array_index(list, uint64_t, i - 1) >= g_array_index(list, uint64_t, i))
			return false;
	return true;
}

struct kp_relocs *kp_relocs_parse(const uint8_t *data, uint64_t size, const char *what,
				  GError **err)
{
	g_autoptr(kp_relocs) relocs = kp_relocs_new();
	GArray *lists[3] = { relocs->abs64, relocs->inverse, relocs->abs32 };
	size_t words = (size_t)(size / 4), at = 0, n = 0;

	if (size == 0)
		return g_steal_pointer(&relocs);
	while (at < words && n < 3 && get32(data + at * 4) == 0)
		at = parse_list(data, words, at + 1, lists[n++]);
	if (size % 4 != 0 || at != words || n < 2) {
		kp_fail(err, KP_FAILED, "%s: the relocation list is malformed", what);
		return NULL;
	}
	if (n == 2) { /* since 6.15 there is no inverse list */
		relocs->inverse = lists[2];
		relocs->abs32 = lists[1];
	}
	if (!is_sorted(lists[0]) || !is_sorted(lists[1]) || !is_sorted(lists[2])) {
		kp_fail(err, KP_FAILED, "%s: the relocation list is not sorted: damaged", what);
		return NULL;
	}
	return g_steal_pointer(&relocs);
}

static bool write_file(const char *path, const uint8_t *data, uint64_t size, GError **err)
{
	g_autoptr(GError) why = NULL;

	/* writes a temporary file and renames it */
	if (g_file_set_contents(path, (const char *)data, (gssize)size, &why))
		return true;
	return kp_fail(err, KP_FAILED, "%s: cannot be written: %s", path, why->message);
}

bool kp_bzimage_extract(const char *path, const char *out_path, GError **err)
{
	g_autoptr(GBytes) bytes = kp_map_file(path, err);
	g_autoptr(GBytes) unpacked = bytes ? kp_bzimage_unpack(bytes, path, err) : NULL;
	g_autoptr(kp_elf) elf = unpacked ? kp_elf_from_bytes(unpacked, path, err) : NULL;

	if (!elf)
		return false;
	g_autofree char *relocs_path = g_strconcat(out_path, ".relocs", NULL);
	const uint8_t *tail = elf->data + elf->extent;
	uint64_t tail_len = elf->size - elf->extent;
	g_autoptr(kp_relocs) relocs = kp_relocs_parse(tail, tail_len, path, err);

	return relocs && write_file(relocs_path, tail, tail_len, err) &&
	       write_file(out_path, elf->data, elf->extent, err);
}

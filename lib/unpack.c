// SPDX-License-Identifier: GPL-2.0
#include "unpack.h"

#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "elf-read.h"
#include "error.h"

/* No module or kernel comes near this. */
#define MAX_FILE ((size_t)1 << 30)

/** struct sink - output that grows as needed, up to a limit. */
struct sink {
	uint8_t *data;
	size_t len, size, limit;
};

static bool grow(struct sink *out)
{
	size_t size = MIN(out->size ? out->size * 2 : (size_t)1 << 22, out->limit);
	uint8_t *data = size > out->size ? g_try_realloc(out->data, size) : NULL;

	if (!data)
		return false;
	out->data = data;
	out->size = size;
	return true;
}

/* Each decoder appends to @out, or says why it cannot. */
typedef const char *(*unpack_fn)(const uint8_t *in, size_t in_len, struct sink *out);

static const char *unpack_gzip(const uint8_t *in, size_t in_len, struct sink *out)
{
	z_stream z = { 0 };
	const char *why = NULL;
	int ret = Z_OK;

	if (in_len > UINT32_MAX || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return "zlib cannot be started";
	z.next_in = (uint8_t *)(uintptr_t)in;
	z.avail_in = (uInt)in_len;
	while (ret == Z_OK && !why) {
		if (out->len == out->size && !grow(out)) {
			why = "too large";
			break;
		}
		z.next_out = out->data + out->len;
		z.avail_out = (uInt)(out->size - out->len);
		ret = inflate(&z, Z_NO_FLUSH);
		out->len = out->size - z.avail_out;
		if (ret == Z_OK && z.avail_in == 0 && z.avail_out)
			why = "truncated gzip data";
	}
	inflateEnd(&z);
	if (!why && ret != Z_STREAM_END)
		why = "damaged gzip data";
	return why;
}

static const char *unpack_xz(const uint8_t *in, size_t in_len, struct sink *out)
{
	lzma_stream z = LZMA_STREAM_INIT;
	const char *why = NULL;
	lzma_ret ret = LZMA_OK;

	if (lzma_stream_decoder(&z, (uint64_t)512 << 20, 0) != LZMA_OK)
		return "liblzma cannot be started";
	z.next_in = in;
	z.avail_in = in_len;
	while (ret == LZMA_OK && !why) {
		if (out->len == out->size && !grow(out)) {
			why = "too large";
			break;
		}
		z.next_out = out->data + out->len;
		z.avail_out = out->size - out->len;
		ret = lzma_code(&z, LZMA_RUN);
		out->len = out->size - z.avail_out;
		if (ret == LZMA_OK && z.avail_in == 0 && z.avail_out)
			why = "truncated xz data";
	}
	lzma_end(&z);
	if (!why && ret != LZMA_STREAM_END)
		why = "damaged xz data";
	return why;
}

static const char *unpack_zstd(const uint8_t *in, size_t in_len, struct sink *out)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer src = { in, in_len, 0 };
	const char *why = z ? NULL : "libzstd cannot be started";
	size_t ret = 1;

	/* a kernel's frame may have a window of 128 MiB (zstd -22 --ultra) */
	if (z)
		ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	while (!why && ret != 0) {
		if (out->len == out->size && !grow(out)) {
			why = "too large";
			break;
		}
		ZSTD_outBuffer dst = { out->data, out->size, out->len };

		ret = ZSTD_decompressStream(z, &dst, &src);
		out->len = dst.pos;
		if (ZSTD_isError(ret))
			why = "damaged zstd data";
		else if (ret != 0 && src.pos == src.size && dst.pos < dst.size)
			why = "truncated zstd data";
	}
	ZSTD_freeDStream(z);
	return why;
}

static const struct codec {
	const char *name;
	uint8_t magic[6];
	size_t magic_len;
	unpack_fn unpack; /* NULL: recognised, not supported */
} codecs[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, NULL },
	{ "lzo", { 0x89, 'L', 'Z', 'O' }, 4, NULL },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, NULL },
	{ "lzma", { 0x5d, 0, 0 }, 3, NULL },
};

static const struct codec *find_codec(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < G_N_ELEMENTS(codecs); i++)
		if (len > codecs[i].magic_len &&
		    memcmp(data, codecs[i].magic, codecs[i].magic_len) == 0)
			return &codecs[i];
	return NULL;
}

const char *kp_unpack_method(const uint8_t *data, size_t len)
{
	const struct codec *codec = find_codec(data, len);

	return codec ? codec->name : NULL;
}

GBytes *kp_unpack(const uint8_t *data, size_t len, size_t limit, const char *path, GError **err)
{
	const struct codec *codec = find_codec(data, len);

	if (!codec || !codec->unpack) {
		kp_fail(err, KP_FAILED,
			"%s: compressed with %s, which is not supported; unpack it first", path,
			codec ? codec->name : "an unknown method");
		return NULL;
	}
	/* one byte more, so that a decoder can find the end of the data behind the last one */
	struct sink out = { .limit = limit + 1 };
	const char *why = codec->unpack(data, len, &out);

	if (!why && out.len > limit)
		why = "too large";
	if (why) {
		g_free(out.data);
		kp_fail(err, KP_FAILED, "%s: cannot be unpacked: %s", path, why);
		return NULL;
	}
	return g_bytes_new_take(out.data, out.len);
}

GBytes *kp_unpack_file(const char *path, GError **err)
{
	g_autoptr(GBytes) bytes = kp_map_file(path, err);
	gsize size = 0;

	if (!bytes)
		return NULL;
	const uint8_t *data = g_bytes_get_data(bytes, &size);

	if (!kp_unpack_method(data, size))
		return g_steal_pointer(&bytes);
	return kp_unpack(data, size, MAX_FILE, path, err);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Module.symvers: what vmlinux and the modules export, and with which CRC. */
#ifndef KP_SYMVERS_H
#define KP_SYMVERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** struct kp_export - one exported symbol. Strings are owned by the table. */
struct kp_export {
	const char *name;
	uint32_t crc;
	const char *module; /* "vmlinux", or the path without .ko: "net/netfilter/nf_tables" */
	const char *type;   /* "EXPORT_SYMBOL", "EXPORT_SYMBOL_GPL" ... */
	const char *ns;	    /* namespace, "" if none */
};

struct kp_symvers;

/** kp_symvers_open() - parse @path; a truncated or malformed file is an error that names the line.
 */
struct kp_symvers *kp_symvers_open(const char *path, GError **err);
void kp_symvers_free(struct kp_symvers *sv);
typedef struct kp_symvers kp_symvers;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_symvers, kp_symvers_free)

/** kp_symvers_find() - the export called @name, NULL if there is none. */
const struct kp_export *kp_symvers_find(const struct kp_symvers *sv, const char *name);

/** kp_symvers_is_vmlinux() - whether vmlinux itself exports @ex. */
bool kp_symvers_is_vmlinux(const struct kp_export *ex);

/** kp_symvers_module_name() - name as in lsmod ("-" is "_", no path) of the exporter; caller frees.
 */
char *kp_symvers_module_name(const struct kp_export *ex);

/** kp_symvers_count() - number of exports. */
size_t kp_symvers_count(const struct kp_symvers *sv);

#endif

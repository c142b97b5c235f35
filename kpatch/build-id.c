// SPDX-License-Identifier: GPL-2.0
#include "build-id.h"

#include <elf.h>
#include <glib.h>
#include <string.h>

static char *to_hex(const unsigned char *bytes, size_t size)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < size; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

/* Notes are {name size, data size, type} and then name and data, each padded to 4 bytes. */
static char *find_in_notes(const unsigned char *notes, size_t size)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr head;
		memcpy(&head, notes + at, sizeof(head));
		at += sizeof(head);
		size_t name_size = ((size_t)head.n_namesz + 3) & ~(size_t)3;
		size_t data_size = ((size_t)head.n_descsz + 3) & ~(size_t)3;
		if (name_size > size - at || data_size > size - at - name_size)
			return NULL;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes + at, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0)
			return to_hex(notes + at + name_size, head.n_descsz);
		at += name_size + data_size;
	}
	return NULL;
}

char *build_id_of_notes(const char *path)
{
	g_autofree char *data = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &data, &size, NULL))
		return NULL;
	return find_in_notes((const unsigned char *)data, size);
}

char *build_id_of_elf(const struct kp_elf *elf)
{
	char *found = NULL;

	for (uint32_t i = 1; i < elf->nsections && !found; i++) {
		const struct kp_elf_section *section = &elf->sections[i];
		if (section->type == SHT_NOTE && section->data)
			found = find_in_notes(section->data, section->size);
	}
	return found;
}

// SPDX-License-Identifier: GPL-2.0
#include "build-id.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <glib.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

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

static char *find_in_elf(Elf *elf)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		Elf_Data *data = elf_rawdata(section, NULL);
		char *found = data && data->d_buf ? find_in_notes(data->d_buf, data->d_size) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

char *build_id_of_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	char *found = elf ? find_in_elf(elf) : NULL;
	elf_end(elf);
	close(fd);
	return found;
}

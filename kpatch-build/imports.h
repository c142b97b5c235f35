/* SPDX-License-Identifier: GPL-2.0 */
/* What a module says it imports: checksums of symbols, and the modules that it depends on. */
#ifndef KP_IMPORTS_H
#define KP_IMPORTS_H

#include <stdbool.h>

#include "ko.h"
#include "symvers.h"

/**
 * imports_update() - make both lists agree with the undefined symbols of @ko.
 *
 * modpost took references that are resolved in another way for imports when their names are
 * exported, and does not know what was added after it.
 */
void imports_update(struct ko *ko, const struct kp_symvers *symvers);

#endif

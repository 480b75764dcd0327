// SPDX-License-Identifier: EUPL-1.2

#pragma once
#include <stdint.h>

/// Counts, from now on, what SQLite does on every connection of this process that is opened later.
void statement_count_begin(void);
/// Statements that were started, those of triggers not included.
uint64_t statement_count(void);
/// Instructions of SQLite's virtual machine, of statements that have ended.
uint64_t statement_count_steps(void);

/// Does nothing. Called where one part of the work ends, so that callgrind can tell the parts apart
/// (`--dump-before=statement_count_part`).
void statement_count_part(void);

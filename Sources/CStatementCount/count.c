// SPDX-License-Identifier: EUPL-1.2

#include "statement_count.h"
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic uint64_t statements, steps;

static int note(unsigned type, void *context, void *statement, void *detail) {
  (void)context;
  if (type == SQLITE_TRACE_STMT) {
    // A trigger's begins as a comment.
    const char *text = detail;
    if (!text || text[0] != '-') statements++;
  } else {
    steps += (uint64_t)sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
  }
  return 0;
}

static int watch(sqlite3 *db, char **message, const void *routines) {
  (void)message, (void)routines;
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, note, NULL);
}

void statement_count_begin(void) { sqlite3_auto_extension((void (*)(void))watch); }
uint64_t statement_count(void) { return statements; }
uint64_t statement_count_steps(void) { return steps; }

__attribute__((noinline)) void statement_count_part(void) { __asm__ volatile(""); }

// SPDX-License-Identifier: EUPL-1.2

#include <sys/inotify.h>

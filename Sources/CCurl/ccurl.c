// SPDX-License-Identifier: EUPL-1.2

#define _GNU_SOURCE
#include "ccurl.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
  if (code != CURLE_OK) return code;
  // The size comes first: it tells COPYPOSTFIELDS how much to copy.
  code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  if (code != CURLE_OK) return code;
  return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count > 0 ? bytes : "");
}

static size_t next_piece(char *buffer, size_t size, size_t count, void *context) {
  ccurl_upload *upload = context;
  size_t room = size * count;
  size_t rest = upload->count - upload->offset;
  size_t length = rest < room ? rest : room;
  if (length > 0) memcpy(buffer, (const char *)upload->bytes + upload->offset, length);
  upload->offset += length;
  return length;
}

CURLcode ccurl_set_upload(CURL *easy, ccurl_upload *upload) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, next_piece);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READDATA, upload);
  if (code != CURLE_OK) return code;
  return curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->count);
}

CURLcode ccurl_set_callbacks(CURL *easy, const ccurl_callbacks *callbacks, void *context) {
  CURLcode code;
#define SET(option, value) \
  if ((code = curl_easy_setopt(easy, option, value)) != CURLE_OK) return code
  SET(CURLOPT_PREREQFUNCTION, callbacks->ready);
  SET(CURLOPT_PREREQDATA, context);
  SET(CURLOPT_HEADERFUNCTION, callbacks->header);
  SET(CURLOPT_HEADERDATA, context);
  SET(CURLOPT_WRITEFUNCTION, callbacks->body);
  SET(CURLOPT_WRITEDATA, context);
  SET(CURLOPT_XFERINFOFUNCTION, callbacks->progress);
  SET(CURLOPT_XFERINFODATA, context);
  SET(CURLOPT_NOPROGRESS, 0L);
#undef SET
  return CURLE_OK;
}

int ccurl_issuer(CURL *easy, char *text, size_t size) {
  struct curl_certinfo *info = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
      info->num_of_certs < 1)
    return 0;
  for (struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
    if (strncmp(line->data, "Issuer:", 7) != 0) continue;
    snprintf(text, size, "%s", line->data + 7);
    return 1;
  }
  return 0;
}

CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}

void ccurl_set_tag(CURL *easy, uintptr_t tag) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)tag);
}

uintptr_t ccurl_get_tag(CURL *easy) {
  char *tag = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &tag);
  return (uintptr_t)tag;
}

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }

typedef struct {
  void (*run)(void *context);
  void (*ended)(void *context);
  void *context;
  pthread_t thread;
} thread_start;

static void *await_end(void *argument) {
  thread_start *start = argument;
  pthread_join(start->thread, NULL);
  start->ended(start->context);
  free(start);
  return NULL;
}

static void *enter_thread(void *argument) {
  thread_start *start = argument;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
#ifdef __linux__
  pthread_setname_np(pthread_self(), "kreisnetz-curl");
#endif
  start->run(start->context);
  start->thread = pthread_self();
  pthread_t waiting;
  if (pthread_create(&waiting, NULL, await_end, start) == 0) {
    pthread_detach(waiting);
  } else {
    pthread_detach(pthread_self());
    start->ended(start->context);
    free(start);
  }
  return NULL;
}

int ccurl_start_thread(void (*run)(void *context), void (*ended)(void *context), void *context) {
  thread_start *start = malloc(sizeof(thread_start));
  if (start == NULL) return ENOMEM;
  *start = (thread_start){.run = run, .ended = ended, .context = context};
  pthread_t thread;
  int error = pthread_create(&thread, NULL, enter_thread, start);
  if (error != 0) free(start);
  return error;
}

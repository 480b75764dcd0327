// SPDX-License-Identifier: EUPL-1.2

#pragma once
#include <curl/curl.h>
#include <stdint.h>

// curl's setters and getters take variable arguments, which Swift cannot call. One function per
// argument type follows, and the constants that Swift does not import because they are macros with
// casts.

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);

/// Sets the body of a POST; curl copies the bytes.
CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count);

/// What a transfer calls while it runs, all with the same context.
typedef struct {
  /// The connection stands and is trusted; the request has not been sent. Returns 0 to go on.
  curl_prereq_callback ready;
  /// One header line, with its line end. Returns the bytes taken; any other number ends the transfer.
  curl_write_callback header;
  /// A piece of the body. Returns the bytes taken, CURL_WRITEFUNC_PAUSE, or any other number to end the transfer.
  curl_write_callback body;
  /// Bytes received and sent so far. Returns 0 to go on.
  curl_xferinfo_callback progress;
} ccurl_callbacks;
CURLcode ccurl_set_callbacks(CURL *easy, const ccurl_callbacks *callbacks, void *context);

/// Bytes that a transfer sends, read where they lie.
typedef struct {
  const void *bytes;
  size_t count;
  size_t offset;
} ccurl_upload;

/// Sends these bytes; they must live until the transfer has ended.
CURLcode ccurl_set_upload(CURL *easy, ccurl_upload *upload);

/// The issuer of the certificate that the server showed, with CURLOPT_CERTINFO; 0 if there is none.
int ccurl_issuer(CURL *easy, char *text, size_t size);

CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value);
/// The number stored in the handle, to find what belongs to it. Zero when none is.
void ccurl_set_tag(CURL *easy, uintptr_t tag);
uintptr_t ccurl_get_tag(CURL *easy);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

/// The message's result; Swift does not import the union it is in.
CURLcode ccurl_message_result(const CURLMsg *message);

static const long ccurl_tls_required = (long)CURLUSESSL_ALL;
static const long ccurl_auth_any = (long)CURLAUTH_ANY;
static const long ccurl_auth_negotiate = (long)CURLAUTH_NEGOTIATE;

/// Starts a thread, named for `top` and debuggers, that takes no SIGPIPE: with CURLOPT_NOSIGNAL curl
/// leaves that signal to its user.
///
/// `ended` is called on another thread when this one is gone with all that libraries keep for it:
/// OpenSSL frees its part only after `run` has returned. Returns 0, or an errno value.
int ccurl_start_thread(void (*run)(void *context), void (*ended)(void *context), void *context);

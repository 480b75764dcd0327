// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Calls `write(2)` until all bytes are written or a call fails.
///
/// - Returns: 0, or the `errno` of the call that failed; some of the bytes may be written then.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
  var written = 0
  while written < bytes.count {
    let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { written += count } else if errno != EINTR { return errno }
  }
  return 0
}

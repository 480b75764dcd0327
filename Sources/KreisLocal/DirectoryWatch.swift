// SPDX-License-Identifier: EUPL-1.2

import CInotify
import Glibc

/// The kernel's word on what comes into a directory (inotify(7)).
struct DirectoryWatch: ~Copyable {
  enum Event {
    /// A file was closed after writing, or moved in.
    case arrived(String)
    /// Some events were lost: look at everything.
    case overflow
    /// The directory itself is gone.
    case gone
  }

  let descriptor: Int32

  /// Watches the directory that is open as `directory`, whatever its name leads to meanwhile.
  ///
  /// - Returns: `nil` if the kernel refuses; `errno` says why.
  init?(directory: Int32) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { return nil }
    let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
    guard inotify_add_watch(descriptor, "/proc/self/fd/\(directory)", mask) >= 0 else {
      let failure = errno
      close(descriptor)
      errno = failure
      return nil
    }
  }

  deinit { close(descriptor) }

  /// What happened since the last call.
  func events() -> [Event] {
    var out: [Event] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return out }
      buffer.withUnsafeBytes { bytes in
        var offset = 0
        let headerSize = MemoryLayout<inotify_event>.size
        while offset + headerSize <= count {
          let header = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
          let name = bytes[(offset + headerSize)...].prefix(Int(header.len)).prefix { $0 != 0 }
          offset += headerSize + Int(header.len)
          if header.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            out.append(.overflow)
          } else if header.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) != 0 {
            out.append(.gone)
          } else if header.mask & UInt32(IN_ISDIR) == 0,
            let name = String(validating: name, as: UTF8.self)
          {
            out.append(.arrived(name))
          }
        }
      }
    }
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Synchronization

/// When a backup of the replica was last made, as its audit log says. The log is read once, and from
/// then on what was added to it.
final class LastBackup: Sendable {
  private struct Held {
    /// Bytes of the log that were read.
    var offset: UInt64 = 0
    /// Numbers of lines with which a backup began whose end did not come yet.
    var begun: Set<Int> = []
    var at: UInt64?

    mutating func take(_ line: AuditLine) {
      if line.json["act"] == "backup" { begun.insert(line.number) }
      guard let ended = line.json["ends"]?.unsigned, begun.remove(Int(clamping: ended)) != nil,
        line.json["outcome"] == "done", let time = line.json["at"]?.text,
        let date = try? Date(time, strategy: .iso8601)
      else { return }
      at = UInt64(max(0, date.timeIntervalSince1970))
    }
  }

  private let held = Mutex(Held())

  /// - Returns: seconds since 1970; `nil`: none was made, or noted.
  func time(in log: AuditLog) -> UInt64? {
    held.withLock { held in
      guard let file = FileHandle(forReadingAtPath: log.path), let size = try? file.seekToEnd()
      else { return held.at }
      // Somebody took the log away or cut it off.
      if size < held.offset { held = Held() }
      guard (try? file.seek(toOffset: held.offset)) != nil, let data = try? file.readToEnd(),
        let end = data.lastIndex(of: 0x0A)
      else { return held.at }
      let whole = data[...end]
      for bytes in whole.split(separator: 0x0A) {
        if let line = AuditLine(bytes) { held.take(line) }
      }
      held.offset += UInt64(whole.count)
      return held.at
    }
  }
}

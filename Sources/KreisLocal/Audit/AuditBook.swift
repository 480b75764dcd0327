// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where in an audit log its acts stand, as far as its chain was checked: so that a page of them takes
/// as long as it is, however long the log.
///
/// The whole chain is checked when first asked for, whenever the file changed otherwise than by growing,
/// and after an hour; else only what was added. No line is shown that is not the one that was checked.
/// So what somebody changes in an old line shows at once where the line is shown, or else within the
/// hour.
final class AuditBook: Sendable {
  /// One act, by the lines of the log.
  struct Act {
    let begin: JSONValue
    /// `nil`: not known, or it needs none.
    let end: JSONValue?
  }

  struct Page {
    let report: AuditReport
    /// When the whole chain was checked, in seconds since 1970.
    let checkedAt: UInt64
    /// How many acts there are.
    let total: Int
    let acts: [Act]
  }

  /// A line of the file.
  private struct Place {
    let offset: UInt64
    let count: Int
    let hash: Hash256
  }

  /// By which it shows that a file was changed.
  private struct Stamp: Equatable {
    let device: UInt64
    let file: UInt64
    let size: UInt64
    let seconds: Int
    let nanoseconds: Int

    init?(_ descriptor: Int32) {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { return nil }
      (device, file) = (UInt64(status.st_dev), UInt64(status.st_ino))
      size = UInt64(max(0, status.st_size))
      (seconds, nanoseconds) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
    }

    /// Whether the file may be the same with something added.
    func mayContinue(_ old: Stamp) -> Bool {
      device == old.device && file == old.file && (self == old || size > old.size)
    }
  }

  private struct Held {
    var chain = AuditChain()
    var acts: [(begin: Place, end: Place?)] = []
    /// Which acts have no end yet, by the numbers of their lines.
    var begun: [Int: Int] = [:]
    /// Bytes of the file that were checked.
    var offset: UInt64 = 0
    var stamp: Stamp?
    let checkedAt: UInt64

    /// - Returns: what stands behind the last end of a line.
    mutating func take(_ data: Data) -> Data {
      let first = offset
      var chain = self.chain
      let rest = chain.take(whole: data) { line, hash, bytes in
        note(line, Place(offset: first + UInt64(bytes.lowerBound), count: bytes.count, hash: hash))
      }
      self.chain = chain
      offset += UInt64(data.count - rest.count)
      return rest
    }

    /// Takes a last line that has no end, which others may still write.
    mutating func take(open bytes: Data) {
      guard let line = chain.take(bytes) else { return }
      note(line, Place(offset: offset, count: bytes.count, hash: chain.hash))
    }

    private mutating func note(_ line: AuditLine, _ place: Place) {
      if line.json["act"] != nil {
        begun[line.number] = acts.count
        acts.append((place, nil))
      } else if let number = line.json["ends"]?.unsigned,
        let index = begun.removeValue(forKey: Int(clamping: number))
      {
        acts[index].end = place
      }
    }
  }

  /// Seconds from one check of the whole chain to the next.
  private static let interval: UInt64 = 3_600

  private let held = Mutex<Held?>(nil)

  /// A part of the acts, the newest first.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Throws: `CommandError` if the log cannot be read.
  func page(of log: AuditLog, offset: Int, limit: Int, now: UInt64) throws -> Page {
    guard FileManager.default.fileExists(atPath: log.path) else {
      return Page(report: AuditReport(), checkedAt: now, total: 0, acts: [])
    }
    return try held.withLock { held in
      guard let file = FileHandle(forReadingAtPath: log.path),
        let stamp = Stamp(file.fileDescriptor)
      else { throw log.unreadable }
      if let old = held, !Self.isTrusted(old, stamp, now) { held = nil }
      do {
        for _ in 1...2 {
          if let page = try look(&held, file, stamp, offset: offset, limit: limit, now) {
            return page
          }
          held = nil
        }
      } catch { throw log.unreadable }
      throw CommandError(.notNow, "\(log.path) changes while it is read. Try again.")
    }
  }

  private static func isTrusted(_ held: Held, _ stamp: Stamp, _ now: UInt64) -> Bool {
    guard let old = held.stamp, stamp.mayContinue(old), stamp == old || !held.chain.isBroken
    else { return false }
    return now >= held.checkedAt && now - held.checkedAt < interval
  }

  /// - Returns: `nil` if what was checked before is not what stands there now.
  private func look(
    _ held: inout Held?, _ file: FileHandle, _ stamp: Stamp, offset: Int, limit: Int, _ now: UInt64
  ) throws -> Page? {
    var book = held ?? Held(checkedAt: now)
    held = nil
    let isContinued = book.offset > 0
    let added = try Self.read(file, book.offset, Int(clamping: stamp.size - book.offset))
    let rest = book.take(added)
    // Which line it is that does not fit, only a look at all can tell.
    guard !book.chain.isBroken || !isContinued || added.isEmpty else { return nil }
    book.stamp = stamp
    held = book
    if !rest.isEmpty || stamp.size == 0 { book.take(open: rest) }
    var acts: [Act] = []
    for act in book.acts.reversed().dropFirst(offset).prefix(limit) {
      guard let begin = try Self.line(act.begin, file) else { return nil }
      var end: JSONValue?
      if let place = act.end {
        guard let line = try Self.line(place, file) else { return nil }
        end = line
      }
      acts.append(Act(begin: begin, end: end))
    }
    return Page(
      report: book.chain.report(isOpen: !rest.isEmpty), checkedAt: book.checkedAt,
      total: book.acts.count, acts: acts)
  }

  /// - Returns: `nil` if it is another line than the one that was checked.
  private static func line(_ place: Place, _ file: FileHandle) throws -> JSONValue? {
    let bytes = try read(file, place.offset, place.count)
    guard Hash256(of: Array(bytes)) == place.hash else { return nil }
    return AuditLine(bytes)?.json
  }

  private static func read(_ file: FileHandle, _ offset: UInt64, _ count: Int) throws -> Data {
    try file.seek(toOffset: offset)
    return try file.read(upToCount: count) ?? Data()
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// SQLite's write-ahead log, looked at before SQLite reads it.
///
/// SQLite takes the frames up to the first whose checksum does not hold and silently drops the rest.
/// That is right after a power cut: what is torn there was never acknowledged, because every commit
/// is synced before the next begins (I1). It is wrong where a bit flipped: acknowledged commits
/// stand behind it. (File format: https://www.sqlite.org/fileformat2.html#walformat)
struct WriteAheadLog {
  enum Finding: Equatable {
    case sound
    /// One commit stands behind the damage: torn by a power cut, or a flipped bit in the last one.
    case doubtful
    /// Commits that were acknowledged stand behind the damage.
    case damaged(commits: Int)
  }

  private static let headerBytes = 32
  private static let frameHeaderBytes = 24
  /// A log that is checkpointed every 4,000 pages does not come near it.
  private static let limit = 1 << 30

  private let path: String
  private var bytes: [UInt8]
  private let pageBytes: Int

  /// `nil` where there is nothing to look at.
  init?(of database: String) {
    path = database + "-wal"
    guard let data = FileManager.default.contents(atPath: path), data.count <= Self.limit,
      data.count >= Self.headerBytes + Self.frameHeaderBytes
    else { return nil }
    bytes = Array(data)
    // The page size from the database itself, which a damaged header of the log does not concern.
    guard let file = FileHandle(forReadingAtPath: database),
      let head = try? file.read(upToCount: 18), head.count == 18
    else { return nil }
    let size = Int(head[16]) << 8 | Int(head[17])
    pageBytes = size == 1 ? 65_536 : size
    guard pageBytes >= 512, pageBytes & (pageBytes - 1) == 0 else { return nil }
  }

  /// What SQLite is going to drop. Beside a running writer the file may change while it is read;
  /// what then looks damaged is looked at again.
  static func look(at database: String) -> Finding {
    var finding = Finding.sound
    for _ in 0..<3 {
      guard let log = WriteAheadLog(of: database) else { return .sound }
      finding = log.finding
      if finding == .sound { return .sound }
      usleep(20_000)
    }
    return finding
  }

  private struct Sum: Equatable {
    var first: UInt32 = 0
    var second: UInt32 = 0
  }

  private var frames: Int {
    (bytes.count - Self.headerBytes) / (Self.frameHeaderBytes + pageBytes)
  }

  private func start(_ frame: Int) -> Int {
    Self.headerBytes + frame * (Self.frameHeaderBytes + pageBytes)
  }

  private func word(_ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func salt(at offset: Int) -> UInt64 {
    UInt64(word(offset)) << 32 | UInt64(word(offset + 4))
  }

  private func isCommit(_ frame: Int) -> Bool { word(start(frame) + 4) != 0 }

  private func sum(_ range: Range<Int>, after: Sum, isBigEndian: Bool) -> Sum {
    var sum = after
    bytes.withUnsafeBytes { buffer in
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        let one = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        let two = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        sum.first &+= (isBigEndian ? one.bigEndian : one.littleEndian) &+ sum.second
        sum.second &+= (isBigEndian ? two.bigEndian : two.littleEndian) &+ sum.first
      }
    }
    return sum
  }

  private func sum(ofFrame frame: Int, after: Sum, isBigEndian: Bool) -> Sum {
    let at = start(frame)
    let head = sum(at..<at + 8, after: after, isBigEndian: isBigEndian)
    let page = at + Self.frameHeaderBytes
    return sum(page..<page + pageBytes, after: head, isBigEndian: isBigEndian)
  }

  private func stored(at offset: Int) -> Sum { Sum(first: word(offset), second: word(offset + 4)) }

  /// The frames of this log's present round: those behind it were left by an earlier one.
  private var round: (salt: UInt64, frames: Int) {
    let named = salt(at: 16)
    // A header whose salt was hit is outvoted by its first frames.
    let votes = (0..<min(frames, 3)).map { salt(at: start($0) + 8) }
    let right = votes.contains(named) || votes.isEmpty || Set(votes).count > 1 ? named : votes[0]
    // One frame in between whose salt was hit does not end the round.
    var last = 0
    for frame in 0..<frames where salt(at: start(frame) + 8) == right { last = frame + 1 }
    return (right, last)
  }

  private var isHeaderSound: Bool {
    let isBigEndian = word(0) & 1 == 1
    return word(0) | 1 == 0x377f_0683
      && sum(0..<24, after: Sum(), isBigEndian: isBigEndian) == stored(at: 24)
  }

  private var finding: Finding {
    let (right, count) = round
    var sound = 0
    if isHeaderSound, salt(at: 16) == right {
      let isBigEndian = word(0) & 1 == 1
      var running = stored(at: 24)
      while sound < count {
        running = sum(ofFrame: sound, after: running, isBigEndian: isBigEndian)
        guard salt(at: start(sound) + 8) == right, running == stored(at: start(sound) + 16) else {
          break
        }
        sound += 1
      }
    }
    let lost = (sound..<max(sound, count)).count { isCommit($0) }
    return switch lost {
    case 0: .sound
    case 1: .doubtful
    default: .damaged(commits: lost)
    }
  }

  /// Writes all checksums anew, so that SQLite takes every frame of the round, the damaged one with
  /// them: one flipped bit then costs what it hit, and the check of entries and rows says what that
  /// was, instead of everything behind it.
  ///
  /// - Throws: what writing the file throws.
  mutating func mend() throws {
    let (salt, count) = round
    let isBigEndian = bytes[3] & 1 == 1
    put(isBigEndian ? 0x377f_0683 : 0x377f_0682, at: 0)
    put(3_007_000, at: 4)
    put(UInt32(pageBytes), at: 8)
    put(UInt32(salt >> 32), at: 16)
    put(UInt32(truncatingIfNeeded: salt), at: 20)
    var running = sum(0..<24, after: Sum(), isBigEndian: isBigEndian)
    put(running.first, at: 24)
    put(running.second, at: 28)
    for frame in 0..<count {
      put(UInt32(salt >> 32), at: start(frame) + 8)
      put(UInt32(truncatingIfNeeded: salt), at: start(frame) + 12)
      running = sum(ofFrame: frame, after: running, isBigEndian: isBigEndian)
      put(running.first, at: start(frame) + 16)
      put(running.second, at: start(frame) + 20)
    }
    try DurableFile.write(bytes, to: path)
  }

  private mutating func put(_ word: UInt32, at offset: Int) {
    for byte in 0..<4 {
      bytes[offset + byte] = UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * byte))
    }
  }
}

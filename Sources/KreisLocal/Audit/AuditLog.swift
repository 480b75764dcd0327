// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
package import KreisInterchange
package import KreisStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The administrative acts on a replica: who did what and when, and how it ended. Append-only and
/// chained by hashes (`AuditLine`). It names records and members by their ids and short names and holds
/// nothing of the directory.
///
/// Daemon and commands append to the same file; `flock(2)` orders them. Every line is on the disk when
/// the call returns (I1).
package struct AuditLog: Sendable {
  package let path: String

  /// - Parameter directory: the state directory.
  package init(in directory: String) { path = directory + "/audit.log" }

  /// Notes that an act begins, before it is done.
  ///
  /// - Parameters:
  ///   - about: what it is about; no values of the directory.
  ///   - isRescue: whether it is done although it cannot be noted: it saves what there is.
  ///   - now: seconds since 1970.
  /// - Returns: the line's number; `nil` of a rescue that could not be noted.
  /// - Throws: `CommandError`: it could not be noted, so it must not be done.
  package func begin(
    _ act: String, about: [JSONValue.Member] = [], by peer: LocalPeer, for account: String = "",
    isRescue: Bool = false, at now: UInt64
  ) throws(CommandError) -> Int? {
    let line = [.init("act", .string(act))] + who(peer, account) + what(about)
    do throws(StateDirectoryError) { return try append(line, at: now) } catch {
      guard isRescue else {
        throw CommandError(
          .notNow, "It cannot be noted in the audit log, so it was not done: \(error)")
      }
      return nil
    }
  }

  /// Notes how the act with this number ended.
  ///
  /// - Throws: `StateDirectoryError`.
  package func end(
    _ number: Int, _ outcome: Outcome, about: [JSONValue.Member] = [], at now: UInt64
  ) throws(StateDirectoryError) {
    _ = try append(
      [.init("ends", .integer(number)), .init("outcome", .string(outcome.word))] + what(about),
      at: now)
  }

  /// Notes an act that is over, where there was no log before it.
  ///
  /// - Throws: `StateDirectoryError`.
  package func note(
    _ act: String, _ outcome: Outcome, about: [JSONValue.Member] = [], by peer: LocalPeer,
    for account: String = "", at now: UInt64
  ) throws(StateDirectoryError) {
    _ = try append(
      [.init("act", .string(act))] + who(peer, account)
        + [.init("outcome", .string(outcome.word))] + what(about), at: now)
  }

  private func who(_ peer: LocalPeer, _ account: String) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [.init("uid", .integer(Int(peer.user)))]
    if let name = peer.name { members.append(.init("name", .string(name))) }
    if !account.isEmpty, peer.isTrusted { members.append(.init("account", .string(account))) }
    members.append(.init("via", .string(peer.way.rawValue)))
    return [.init("by", .object(members))]
  }

  private func what(_ about: [JSONValue.Member]) -> [JSONValue.Member] {
    about.isEmpty ? [] : [.init("about", .object(about))]
  }

  // MARK: - Appending

  private func append(
    _ content: [JSONValue.Member], at now: UInt64
  ) throws(StateDirectoryError) -> Int {
    let file = try opened()
    defer { close(file) }
    while flock(file, LOCK_EX) != 0 { guard errno == EINTR else { throw failed("locked") } }
    let size = lseek(file, 0, SEEK_END)
    guard size >= 0 else { throw failed("read") }
    let tail = try tail(file, size)
    let line = AuditLine(
      number: tail.number + 1, after: tail.hash, isAfterTorn: tail.isTorn, at: now, content)
    let bytes = (tail.isOpen ? [0x0A] : []) + JSONWriter.bytes(of: line.json) + [0x0A]
    guard bytes.count <= AuditLine.limit else {
      throw .damaged(path: path, reason: "a line would be too long")
    }
    let failure = writeAll(bytes, to: file)
    guard failure == 0 else {
      // What is there of the line was never acknowledged.
      _ = ftruncate(file, size)
      throw .failed(action: "written", path: path, errno: failure)
    }
    guard fsync(file) == 0 else { throw failed("written") }
    return line.number
  }

  private func failed(_ action: String) -> StateDirectoryError {
    .failed(action: action, path: path, errno: errno)
  }

  private func opened() throws(StateDirectoryError) -> Int32 {
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW
    var file = open(path, flags)
    if file < 0, errno == ENOENT {
      file = open(path, flags | O_CREAT, 0o600)
      if file >= 0 { try settle(file) }
    }
    guard file >= 0 else { throw failed("written") }
    return file
  }

  /// The new file's name must survive a power cut; and what root begins the daemon must be able to
  /// continue.
  private func settle(_ file: Int32) throws(StateDirectoryError) {
    let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(directory) }
    var status = stat()
    guard directory >= 0, fsync(directory) == 0, fstat(directory, &status) == 0 else {
      throw failed("made")
    }
    if geteuid() == 0 { _ = fchown(file, status.st_uid, status.st_gid) }
  }

  private struct Tail {
    var number = 0
    var hash = AuditLine.start
    /// Whether the last line lacks its end, and maybe more.
    var isOpen = false
    var isTorn = false
  }

  /// What the next line follows.
  private func tail(_ file: Int32, _ size: Int) throws(StateDirectoryError) -> Tail {
    // Holds the last whole line, whatever was torn behind it.
    let start = max(0, size - 4 * AuditLine.limit)
    var bytes = [UInt8](repeating: 0, count: size - start)
    guard pread(file, &bytes, bytes.count, start) == bytes.count else { throw failed("read") }
    var tail = Tail()
    guard let last = bytes.last else { return tail }
    tail.isOpen = last != 0x0A
    let lines = bytes.split(separator: 0x0A)
    if let line = lines.last {
      tail.hash = Hash256(of: Array(line))
      tail.isTorn = tail.isOpen && AuditLine(line) == nil
    }
    for line in lines.reversed() {
      guard let number = AuditLine(line)?.number else { continue }
      tail.number = number
      break
    }
    return tail
  }
}

extension Outcome {
  /// As the audit log says it.
  fileprivate var word: String {
    switch self {
    case .done: "done"
    case .no: "no"
    case .wrongUse: "refused"
    case .notNow: "failed"
    }
  }
}

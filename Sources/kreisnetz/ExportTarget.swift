// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisLocal
import KreisStore

/// Where an export goes: a file, or a directory of files. Each is complete as soon as it has its
/// name, and only its owner may read it: it can hold what is not for everybody.
final class ExportTarget {
  private let path: String
  private let isDirectory: Bool
  private var current: (path: String, descriptor: Int32)?
  private var pending: [UInt8] = []
  private static let limit = 65_536

  /// - Throws: `CommandError` if the directory cannot be made.
  init(_ path: String, isDirectory: Bool) throws {
    self.path = path
    self.isDirectory = isDirectory
    guard isDirectory, mkdir(path, 0o700) != 0 else { return }
    var information = stat()
    guard errno == EEXIST, stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR
    else { throw failure(path) }
  }

  deinit {
    guard let current else { return }
    Foundation.close(current.descriptor)
    unlink(Self.unfinished(current.path))
  }

  /// Appends to the file, or to the one of this name in the directory. A new name ends the file
  /// before.
  ///
  /// - Throws: `CommandError` if it cannot be written.
  func write(_ bytes: [UInt8], to name: String?) throws {
    let wanted = isDirectory ? path + "/" + (name ?? "") : path
    if current?.path != wanted {
      try close()
      let partial = Self.unfinished(wanted)
      // Left by an attempt that was cut off.
      unlink(partial)
      let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw failure(wanted) }
      current = (wanted, descriptor)
    }
    pending += bytes
    if pending.count >= Self.limit { try flush() }
  }

  /// Gives the last file its name; an export of nothing is an empty file.
  ///
  /// - Throws: `CommandError` if it cannot be written.
  func finish() throws {
    if current == nil, !isDirectory { try write([], to: nil) }
    try close()
  }

  private func close() throws {
    guard let current else { return }
    try flush()
    guard fsync(current.descriptor) == 0,
      rename(Self.unfinished(current.path), current.path) == 0
    else { throw failure(current.path) }
    Foundation.close(current.descriptor)
    self.current = nil
  }

  private func flush() throws {
    guard let current else { return }
    guard writeAll(pending, to: current.descriptor) == 0 else { throw failure(current.path) }
    pending.removeAll(keepingCapacity: true)
  }

  private static func unfinished(_ path: String) -> String { path + ".part" }

  private func failure(_ path: String) -> CommandError {
    CommandError(.notNow, "\(path) cannot be written: \(String(cString: strerror(errno))).")
  }
}

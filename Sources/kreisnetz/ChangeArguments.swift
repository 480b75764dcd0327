// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal

/// Reads the arguments `field=value` of a command, with the files that they name.
enum ChangeArguments {
  /// - Throws: `CommandError` for an argument that is none, and for a file that cannot be read.
  static func json(_ arguments: [String]) throws -> JSONValue {
    .array(try arguments.map { try FieldChange(argument: $0, file: file).json })
  }

  /// A value from a file, without the line end at its end.
  private static func file(_ path: String) throws(CommandError) -> String {
    let input = try InputFile(path)
    var bytes: [UInt8] = []
    while let chunk = try input.read() {
      bytes += chunk
      guard bytes.count <= Limits.value else {
        throw CommandError(
          .wrongUse, "The file \(path) has more than \(Limits.value) bytes; no value may.")
      }
    }
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.wrongUse, "The file \(path) is not UTF-8.")
    }
    while text.hasSuffix("\n") || text.hasSuffix("\r\n") { text.removeLast() }
    return text
  }
}

/// A file that a command reads, or standard input for `-`.
final class InputFile {
  private let path: String
  private let descriptor: Int32

  /// - Throws: `CommandError` if it cannot be opened.
  init(_ path: String) throws(CommandError) {
    self.path = path
    descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path) }
  }

  deinit { close(descriptor) }

  /// The next bytes; `nil` at the end.
  ///
  /// - Throws: `CommandError` if it cannot be read.
  func read() throws(CommandError) -> [UInt8]? {
    var size = -1
    let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      repeat {
        size = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      } while size < 0
        && errno == EINTR
      count = max(0, size)
    }
    guard size >= 0 else { throw Self.failure(path) }
    return bytes.isEmpty ? nil : bytes
  }

  private static func failure(_ path: String) -> CommandError {
    CommandError(
      .wrongUse, "The file \(path) cannot be read: \(String(cString: strerror(errno))).")
  }
}

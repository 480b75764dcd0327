// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisLocal
import KreisService
import KreisStore

/// Asks for the recovery phrase, which opens the root key in this process and nowhere else.
enum RecoveryPhraseInput {
  /// Characters of a line that is read.
  private static let limit = 1_024

  /// Opens the root key with the phrase on standard input; on a terminal it is asked for.
  ///
  /// - Throws: `CommandError` if it is not the phrase; `MalformedBytes`.
  static func open(_ sealed: SealedRootKey) throws -> (root: SigningKey, phrase: RecoveryPhrase) {
    if isatty(STDIN_FILENO) == 1 {
      FileHandle.standardError.write(Data("Recovery phrase of \(sealed.about.title): ".utf8))
    }
    guard let line = readLine(), line.utf8.count <= limit,
      let phrase = RecoveryPhrase(text: line.trimmingCharacters(in: .whitespaces))
    else {
      throw CommandError(
        .wrongUse,
        "This is no recovery phrase: eight groups of four characters, as \"hub init\" printed it once."
      )
    }
    guard let root = try sealed.open(with: phrase) else {
      throw CommandError(
        .wrongUse, "The recovery phrase does not open the root key of \(sealed.about.title).")
    }
    return (root, phrase)
  }

  /// Reads a file with a sealed root key.
  ///
  /// - Throws: `CommandError` if there is none.
  static func sealedKey(at path: String) throws -> SealedRootKey {
    guard let data = FileManager.default.contents(atPath: path), data.count <= 65_536 else {
      throw CommandError(.wrongUse, "\(path) cannot be read; it should be the saved keys/root.key.")
    }
    do { return try SealedRootKey(text: String(decoding: data, as: UTF8.self)) } catch {
      throw CommandError(.wrongUse, "\(path) is no saved root key: \(error).")
    }
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
package import KreisStore

/// Somebody who may use the console.
package struct ConsoleAccount: Hashable, Sendable {
  /// In small letters.
  package let name: String
  package var role: ConsoleRole
  /// `nil`: a proxy says who it is.
  package var password: PasswordHash?
  /// Seconds since 1970.
  package let since: UInt64

  /// - Returns: `nil` for what is no name of an account.
  package init?(name: String, role: ConsoleRole, password: PasswordHash?, since: UInt64) {
    guard let name = Self.name(name) else { return nil }
    (self.name, self.role, self.password, self.since) = (name, role, password, since)
  }

  /// A name as it is kept: 1 to 64 of the letters a to z, digits and `.` `_` `-` `@`.
  package static func name(_ text: String) -> String? {
    let name = text.lowercased()
    let isName =
      (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || ".-_@".utf8.contains($0)
      }
    return isName ? name : nil
  }

  fileprivate init?(_ json: JSONValue) {
    guard let name = json["name"]?.text, let role = json["role"]?.text,
      let known = ConsoleRole(rawValue: role), let since = json["since"]?.unsigned
    else { return nil }
    var password: PasswordHash?
    if let text = json["password"]?.text {
      guard let hash = PasswordHash(text: text) else { return nil }
      password = hash
    }
    self.init(name: name, role: known, password: password, since: since)
  }

  fileprivate var json: JSONValue {
    [
      "name": .string(name), "role": .string(role.rawValue),
      "password": password.map { .string($0.text) } ?? .null,
      "since": .integer(Int(clamping: since)),
    ]
  }
}

/// The accounts of the console, in the file `console/accounts.json` of the state directory, mode 0600.
/// It is no part of the database: hashes of passwords are no matter of a backup that leaves the machine.
///
/// Each look reads the file, so that what the command line changes counts at once.
package struct AccountBook: Sendable {
  /// Accounts that there may be.
  package static let limit = 150

  private static let file = "console/accounts.json"
  private let directory: StateDirectory

  package init(in directory: StateDirectory) { self.directory = directory }

  /// By their names.
  ///
  /// - Throws: `StateDirectoryError`.
  package func accounts() throws -> [String: ConsoleAccount] {
    guard let bytes = try directory.readSecret(Self.file) else { return [:] }
    let path = directory.path + "/" + Self.file
    guard let json = try? JSONParser.parse(bytes, limit: 65_536),
      let list = json["accounts"]?.elements
    else { throw StateDirectoryError.damaged(path: path, reason: "it is no list of accounts") }
    var accounts: [String: ConsoleAccount] = [:]
    for element in list {
      guard let account = ConsoleAccount(element) else {
        throw StateDirectoryError.damaged(path: path, reason: "an account in it is none")
      }
      accounts[account.name] = account
    }
    return accounts
  }

  /// Changes the accounts; one caller after the other, whatever process it is.
  ///
  /// - Throws: `StateDirectoryError`, and what `body` throws: then nothing is changed.
  package func change<T>(_ body: (inout [String: ConsoleAccount]) throws -> T) throws -> T {
    try directory.alone("console") {
      var accounts = try accounts()
      let result = try body(&accounts)
      let list = accounts.values.sorted { $0.name < $1.name }.map(\.json)
      try directory.write(JSONWriter.bytes(of: ["accounts": .array(list)]), to: Self.file)
      return result
    }
  }
}

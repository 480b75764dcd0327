// SPDX-License-Identifier: EUPL-1.2

import Crypto
import CryptoExtras
import Foundation
import KreisCore

/// A password as it is kept: scrypt (RFC 7914) of its text in Unicode normal form C.
///
/// Deriving takes 32 MiB and some tenths of a second, on purpose: it blocks, and has its own threads.
package struct PasswordHash: Hashable, Sendable {
  /// N = 2^`logRounds`, r, p. Stands beside each hash, so that it can be raised later.
  struct Cost: Hashable, Sendable {
    var logRounds: Int
    var blockSize: Int
    var parallelism: Int

    /// One of those that OWASP's password storage cheat sheet holds equal (2^17, 8, 1 needs 128 MiB).
    static let standard = Cost(logRounds: 15, blockSize: 8, parallelism: 3)

    fileprivate var isSound: Bool {
      (10...18).contains(logRounds) && (1...16).contains(blockSize)
        && (1...16).contains(parallelism)
    }
  }

  private let cost: Cost
  private let salt: [UInt8]
  private let key: [UInt8]

  /// Characters that a password needs at least; and bytes that it may have.
  package static let minimum = 12
  package static let limit = 1_024

  /// - Parameter salt: 16 random bytes.
  /// - Throws: what the cryptographic library throws.
  package init(of password: String, salt: [UInt8]) throws {
    try self.init(of: password, salt: salt, cost: .standard)
  }

  init(of password: String, salt: [UInt8], cost: Cost) throws {
    self.cost = cost
    self.salt = salt
    key = try Self.derive(password, salt, cost)
  }

  /// Of nobody: what is compared for a name that has none, so that it takes as long.
  static let nobody = PasswordHash()

  private init() {
    cost = .standard
    salt = [UInt8](repeating: 0, count: 16)
    key = [UInt8](repeating: 0, count: 32)
  }

  /// `nil` for what `text` did not write.
  init?(text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0] == "scrypt", let logRounds = Int(parts[1]),
      let blockSize = Int(parts[2]), let parallelism = Int(parts[3]),
      let salt = Hex.decode(String(parts[4])), salt.count == 16,
      let key = Hex.decode(String(parts[5])), key.count == 32
    else { return nil }
    cost = Cost(logRounds: logRounds, blockSize: blockSize, parallelism: parallelism)
    guard cost.isSound else { return nil }
    (self.salt, self.key) = (salt, key)
  }

  var text: String {
    "scrypt \(cost.logRounds) \(cost.blockSize) \(cost.parallelism) "
      + "\(Hex.encode(salt)) \(Hex.encode(key))"
  }

  /// Names this password in a session, which ends with it.
  var mark: String { String(Hash256(of: Array(text.utf8)).description.prefix(32)) }

  /// Whether this is the password, in the same time for each that is not.
  ///
  /// - Throws: what the cryptographic library throws.
  func fits(_ password: String) throws -> Bool {
    guard password.utf8.count <= Self.limit else { return false }
    let other = try Self.derive(password, salt, cost)
    return zip(key, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func derive(_ password: String, _ salt: [UInt8], _ cost: Cost) throws -> [UInt8] {
    let normal = Array(password.precomposedStringWithCanonicalMapping.utf8)
    return try KDF.Scrypt.deriveKey(
      from: normal, salt: salt, outputByteCount: 32, rounds: 1 << cost.logRounds,
      blockSize: cost.blockSize, parallelism: cost.parallelism
    ).withUnsafeBytes { Array($0) }
  }

  // MARK: - What is taken as a password

  /// Why a text is no password for an account.
  package enum Weakness: Sendable {
    case tooShort, tooLong, theName
  }

  /// Length alone counts; rules about signs make passwords that people write down (BSI, NIST SP 800-63B).
  package static func weakness(of password: String, for account: String) -> Weakness? {
    if password.count < minimum { return .tooShort }
    if password.utf8.count > limit { return .tooLong }
    let rest = password.lowercased().replacing(account.lowercased(), with: "")
    return rest.count < minimum / 2 ? .theName : nil
  }
}

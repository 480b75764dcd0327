// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange

/// One line of the audit log, without its end:
///
///     {"number":7,"at":"2026-11-24T09:30:00Z","act":"erase","by":{…},"about":{…},"previous":"…"}
///     {"number":8,"at":"2026-11-24T09:30:01Z","ends":7,"outcome":"done","about":{…},"previous":"…"}
///
/// `previous` is the SHA-256 of the line before, as it stands in the file; before the first line, of
/// the format's name. So no line can be changed, taken out or put in without all that follow it being
/// written anew. `torn` says that the line before was cut off by a power cut.
struct AuditLine {
  static let start = Hash256(of: Array("kreisnetz audit v1".utf8))
  /// Bytes of a line.
  static let limit = 16_384

  let number: Int
  let previous: String
  let isAfterTorn: Bool
  let json: JSONValue

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - content: what the line tells.
  init(
    number: Int, after previous: Hash256, isAfterTorn: Bool, at now: UInt64,
    _ content: [JSONValue.Member]
  ) {
    let time = Date(timeIntervalSince1970: Double(now)).formatted(.iso8601)
    self.number = number
    self.previous = previous.description
    self.isAfterTorn = isAfterTorn
    json = .object(
      [.init("number", .integer(number)), .init("at", .string(time))] + content
        + (isAfterTorn ? [.init("torn", .bool(true))] : [])
        + [.init("previous", .string(previous.description))])
  }

  /// `nil` for what is no such line.
  init?(_ bytes: some Collection<UInt8>) {
    guard let json = try? JSONParser.parse(Array(bytes), limit: Self.limit),
      case .number(let text)? = json["number"], let number = Int(text),
      let previous = json["previous"]?.text
    else { return nil }
    self.number = number
    self.previous = previous
    isAfterTorn = json["torn"] == .bool(true)
    self.json = json
  }
}

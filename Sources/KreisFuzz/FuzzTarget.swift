// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisTransport

/// The parsers that meet the outside, each fed with any bytes. Never part of a release.
///
/// Rejecting is right; what must not happen is a trap, an endless loop, or that one of the properties
/// beside a parser does not hold.
package enum FuzzTarget: String, CaseIterable, Sendable {
  case body, block, control, bundle, chunk, frames, statement
  case invite
  case inviteContent = "invite-content"
  case signature, query
  case json, ndjson, csv, mapping, settings
  case hsds
  case hsdsPackage = "hsds-package"
  case value, hours

  /// Parses `input`.
  ///
  /// - Returns: whether it was accepted.
  /// - Throws: `BrokenProperty`.
  package func run(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    switch self {
    case .body: try LogFuzzing.body(input)
    case .block: try LogFuzzing.block(input)
    case .control: try LogFuzzing.control(input)
    case .bundle: try LogFuzzing.bundle(input)
    case .chunk: try LogFuzzing.chunk(input)
    case .frames: try WireFuzzing.frames(input)
    case .statement: try WireFuzzing.statement(input)
    case .invite: try WireFuzzing.invite(String(decoding: input, as: UTF8.self))
    case .inviteContent: try WireFuzzing.invite(content: input)
    case .signature: try WireFuzzing.signature(input)
    case .query: try WireFuzzing.query(input)
    case .json: try FileFuzzing.json(input)
    case .ndjson: try FileFuzzing.ndjson(input)
    case .csv: try FileFuzzing.csv(input)
    case .mapping: try FileFuzzing.mapping(input)
    case .settings: try FileFuzzing.settings(input)
    case .hsds: try HSDSFuzzing.document(input)
    case .hsdsPackage: try HSDSFuzzing.package(input)
    case .value: try DirectoryFuzzing.value(input)
    case .hours: try DirectoryFuzzing.hours(input)
    }
  }
}

/// A parser took something and then contradicted itself.
package struct BrokenProperty: Error, CustomStringConvertible, Sendable {
  package let description: String

  init(_ description: String) { self.description = description }

  /// - Throws: itself unless `holds`.
  static func unless(_ holds: Bool, _ description: String) throws(BrokenProperty) {
    if !holds { throw BrokenProperty(description) }
  }
}

// SPDX-License-Identifier: EUPL-1.2

import Foundation
import SwiftProtobuf
import Testing

@testable import KreisCore

@Suite struct FieldCountTests {
  @Test func `Fields are counted as decoding would find them`() throws {
    for count in [0, 1, 2, 300] {
      var bundle = WireBundle()
      bundle.log.member = 7
      bundle.log.scope.kind = 3
      bundle.log.scope.town = .max
      bundle.first = 1 << 39
      bundle.signature = Data(repeating: 0x1a, count: 64)
      for index in 0..<count {
        var entry = WireEntry()
        entry.body = Data(repeating: 0x1a, count: index)
        bundle.entries.append(entry)
      }
      let bytes: [UInt8] = try bundle.serializedBytes()
      #expect(try FieldCount.occurrences(of: 3, in: bytes) == count)
      #expect(try FieldCount.occurrences(of: 4, in: bytes) == 1)
      #expect(try FieldCount.occurrences(of: 5, in: bytes) == 0)
    }
  }

  @Test(arguments: [
    [0x1a], [0x1a, 1], [0x1b], [0x08], [0x09, 1, 2], [0x1a, 0xff, 0xff, 0xff, 0xff],
  ])
  func `What is cut off or no message is refused`(bytes: [UInt8]) {
    #expect(throws: MalformedBytes.self) { try FieldCount.occurrences(of: 3, in: bytes) }
  }
}

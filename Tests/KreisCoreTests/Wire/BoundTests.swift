// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

/// What strangers state is bounded before anything is computed with it (I5).
@Suite struct `Stated numbers` {
  private let log = LogID(member: MemberID(2)!, generation: 1, scope: .public)

  @Test(arguments: [0, 1 << 40, UInt64.max])
  func `of signed heads and feed heads are refused out of range`(number: UInt64) {
    let signature = [UInt8](repeating: 0, count: 64)
    let head = LogHead(sequence: number, hash: Hash256(of: []))
    #expect(throws: MalformedBytes.self) {
      try SignedHead(WireSignedHead(SignedHead(log: log, head: head, signature: signature)))
    }
    guard number > 0 else { return }
    let feed = FeedHead(
      hubGeneration: 1, scope: .public, at: FeedPosition(position: number, hash: Hash256(of: [])),
      signature: signature)
    #expect(throws: MalformedBytes.self) { try FeedHead(WireFeedHead(feed)) }
  }

  @Test func `of an entry's time are refused where no clock can be`() throws {
    let late = EntryBody(recordedAt: 1 << 48, control: [1])
    #expect(throws: MalformedBytes.self) { try EntryBody(decoding: late.encoded()) }
    let last = EntryBody(recordedAt: 1 << 48 - 1, control: [1])
    #expect(try EntryBody(decoding: last.encoded()) == last)
  }
}

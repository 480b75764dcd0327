// SPDX-License-Identifier: EUPL-1.2

import Testing

@testable import KreisCore

@Suite struct FeedQueryTests {
  @Test func `A query reads back as it was written`() throws {
    let town = try #require(MemberID(0xa1b2))
    let at = FeedPosition(position: 7, hash: Hash256(of: [1]))
    let places: [Scope: FeedPosition] = [.public: at, .kreis: at, .coordination(town): at]
    for after in [[:], places] {
      for follow in [nil, FeedQuery.Follow.stream, .poll] {
        for includeOwn in [false, true] {
          let query = FeedQuery(after: after, follow: follow, includeOwn: includeOwn)
          #expect(try FeedQuery(text: query.text) == query)
        }
      }
    }
    let query = FeedQuery(after: [.coordination(town): at], follow: .poll, includeOwn: true)
    #expect(
      query.text == "after=coordination:00000000a1b2.7.\(at.hash)&follow=poll&own=true")
  }

  @Test func `Other forms are refused`() {
    let hash = Hash256(of: [1]).description
    for text in [
      "after=public", "after=public.1", "after=public.1.\(hash).1", "after=public.-1.\(hash)",
      "after=public.1.\(hash.dropLast())", "after=secret.1.\(hash)",
      "after=public.1.\(hash),public.1.\(hash)", "after=public.\(UInt64(1) << 40).\(hash)",
      "follow=no", "follow=true&follow=poll", "own=yes", "before=1", "own",
    ] {
      #expect(throws: MalformedBytes.self, "\(text)") { try FeedQuery(text: text) }
    }
    let many = (1...600).map { "coordination:\(format($0)).1.\(hash)" }
    #expect(throws: MalformedBytes.self) {
      try FeedQuery(text: "after=" + many.joined(separator: ","))
    }
  }

  private func format(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 12 - digits.count) + digits
  }
}

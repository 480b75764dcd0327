// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisInterchange
import Testing

@Suite struct EvidenceJSONTests {
  private func evidence() throws -> Evidence {
    let (root, key) = (SigningKey(), SigningKey())
    let realm = try #require(RealmID(VerifyingKey(of: root).bytes))
    let (hub, town) = (try #require(MemberID(1)), try #require(MemberID(7)))
    let log = LogID(member: town, generation: 2, scope: .coordination(town))
    let step = Evidence.Step(log: log, head: LogHead(sequence: 3, hash: Hash256(of: [3])))
    var chain = FeedChain(of: log.scope, in: realm, hubGeneration: 1)
    let start = chain.end
    let head = try FeedHead(
      signing: chain.append(step.log, step.head), of: log.scope, in: realm, hubGeneration: 1,
      with: key)
    let wire = try FeedStatement(
      realm: realm, member: hub, generation: 1, head: head, foldVersion: 1, protocolVersion: 1,
      at: 1_800_000_000, software: "test"
    ).signed(with: key)
    return Evidence(
      certificates: [
        try RootCertificate(
          certifying: VerifyingKey(of: key), of: hub, generation: 1, closing: [],
          title: "Märkischer Kreis", ags: "05962", with: root)
      ],
      statement: try SignedStatement(
        reading: Array(wire.statement), signature: Array(wire.signature)),
      from: start, steps: [step])
  }

  @Test func `Evidence is the same after it was a file`() throws {
    let evidence = try evidence()
    let read = try EvidenceJSON.decode(EvidenceJSON.encode(evidence))
    #expect(read == evidence)
    guard case .equal(_, position: 1) = try Evidence.compare(evidence, read) else {
      Issue.record("it does not prove what it did")
      return
    }
  }

  @Test func `A file that is none is refused`() throws {
    let text = String(decoding: try EvidenceJSON.encode(try evidence()), as: UTF8.self)
    for damaged in [
      "", "{}", String(text.dropLast(10)), text.replacing("evidence 1", with: "evidence 2"),
      text.replacing("\"position\":0", with: "\"position\":-1"),
      text.replacing("\"signature\":\"", with: "\"signature\":\"!"),
      text.replacing("coordination:", with: "coordination;"),
    ] {
      #expect(damaged != text)
      #expect(throws: (any Error).self) { try EvidenceJSON.decode(Array(damaged.utf8)) }
    }
  }
}

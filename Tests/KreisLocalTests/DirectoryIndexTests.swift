// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisInterchange
import KreisStore
import Synchronization
import Testing

@testable import KreisLocal

/// The index for search, and what else is made of the whole directory beside those who ask.
@Suite struct DirectoryIndexTests {
  private func names(_ index: DirectoryIndex, _ store: Store, _ text: String) throws -> [String] {
    let kind = try Schema.directory.kind(named: "organization")
    return try index.use(of: store, until: .distantFuture) { content in
      SearchQuery(
        kind: kind, text: text, category: nil, network: nil, municipality: nil, district: nil,
        age: nil, openAt: nil, today: BerlinTime.local(0).date
      ).run(content).slots.compactMap { content[slot: $0]?.name }
    }
  }

  private func add(_ count: Int, _ word: String, to replicas: Replicas) {
    let rows = (0..<count).map { number in
      """
      {"kind":"organization","external_id":"\(word)-\(number)","name":"Haus \(word) \(number)",\
      "city":"Halver","district":"Bezirk \(number % 7)"}

      """
    }
    #expect(replicas.import(replicas.hub, rows.joined()).counts.first == count)
  }

  @Test func `Read in slices by several threads it holds the same as read by one`() async throws {
    let replicas = try await Replicas()
    add(4_200, "Nord", to: replicas)
    let parallel = DirectoryIndex()
    var records: [ShownRecord] = []
    try replicas.hub.blockingRead { try $0.visitRecords(shown: { records.append($0) }) }
    var single = IndexContent(records)
    single.sort()
    let kind = try Schema.directory.kind(named: "organization")
    for text in ["", "nord", "Bezirk 3", "Haus Nrod 17", "4199", "gibtsnicht"] {
      let expected = SearchQuery(
        kind: kind, text: text, category: nil, network: nil, municipality: nil, district: nil,
        age: nil, openAt: nil, today: BerlinTime.local(0).date
      ).run(single).slots.compactMap { single[slot: $0]?.name }
      #expect(try names(parallel, replicas.hub, text) == expected, "\(text)")
      if text != "gibtsnicht" { #expect(!expected.isEmpty, "\(text)") }
    }
    #expect(
      try parallel.use(of: replicas.hub, until: .distantFuture) { $0.districts }
        == single.districts)
  }

  @Test func `What is committed counts with the next search, however much it is`() async throws {
    let replicas = try await Replicas()
    add(3, "Nord", to: replicas)
    let index = DirectoryIndex()
    #expect(try names(index, replicas.hub, "haus").count == 3)
    // Few are looked at by whoever asks, more by a thread of their own.
    add(20, "Ost", to: replicas)
    #expect(try names(index, replicas.hub, "haus").count == 23)
    add(450, "West", to: replicas)
    #expect(try names(index, replicas.hub, "haus").count == 473)
    #expect(try names(index, replicas.hub, "West 449") == ["Haus West 449"])
  }

  @Test func `Whoever asks too early is told so, and never shown a part`() async throws {
    let replicas = try await Replicas()
    add(5, "Nord", to: replicas)
    let (store, index) = (replicas.hub, DirectoryIndex())
    // While others hold all connections that read, nothing can be read.
    let (begun, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<4 {
      Thread.detachNewThread {
        try? store.blockingRead { _ in
          begun.signal()
          release.wait()
        }
      }
    }
    await onOwnThread { for _ in 0..<4 { begun.wait() } }
    let early = await onOwnThread { () -> CommandError? in
      do {
        _ = try index.use(of: store, until: .now() + .milliseconds(50)) { $0.size }
        return nil
      } catch { return CommandError(error) }
    }
    #expect(early?.rejection == .unread && early?.outcome == .notNow)
    for _ in 0..<4 { release.signal() }
    let found = try await onOwnThread { try names(index, store, "haus") }
    #expect(found.count == 5)
  }

  @Test func `Duplicates are looked for beside whoever asks, and it is said of when they are`()
    async throws
  {
    let replicas = try await Replicas()
    let (store, book) = (replicas.hub, ReviewBook())
    let release = DispatchSemaphore(value: 0)
    let runs = Mutex(0)
    let make: @Sendable () throws -> [ReviewBook.Pair] = {
      runs.withLock { $0 += 1 }
      release.wait()
      return []
    }
    @Sendable func ask() async throws -> ReviewBook.Findings? {
      try await onOwnThread { try book.findings(of: store, at: 7, make: make) }
    }
    #expect(try await ask() == nil)
    #expect(try await ask() == nil)
    release.signal()
    var found = try await ask()
    while found == nil { found = try await ask() }
    #expect(found?.at == 7 && found?.isCurrent == true && runs.withLock { $0 } == 1)
    add(1, "Nord", to: replicas)
    // It took long, so nobody waits for the next, and what was found before is shown as such.
    #expect(try await ask()?.isCurrent == false)
    release.signal()
    while try await ask()?.isCurrent != true {}
    #expect(runs.withLock { $0 } == 2)
    #expect(try await ask()?.isCurrent == true && runs.withLock { $0 } == 2)
  }

  @Test func `No word is missed that has as few errors as are forgiven`() {
    var generator = SystemRandomNumberGenerator()
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    func word(_ count: Int) -> [Character] {
      (0..<count).map { _ in letters.randomElement(using: &generator) ?? "a" }
    }
    for _ in 0..<2_000 {
      var list = WordList()
      let kept = word(Int.random(in: 6...14, using: &generator))
      let number = list.add(String(kept), slot: 0)
      _ = list.add(String(word(9)), slot: 1)
      var typed = kept
      // Behind the first two letters, which are rarely wrong.
      let place = Int.random(in: 2..<typed.count, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: typed[place] = letters.randomElement(using: &generator) ?? "a"
      case 1: typed.remove(at: place)
      case 2: typed.insert(letters.randomElement(using: &generator) ?? "a", at: place)
      default: if place + 1 < typed.count { typed.swapAt(place, place + 1) }
      }
      let found = list.matches(String(typed)).map(\.number)
      #expect(found.contains(number), "\(String(kept)) typed as \(String(typed))")
    }
  }
}

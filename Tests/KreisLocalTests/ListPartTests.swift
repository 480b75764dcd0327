// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// Parts of lists: what a page shows is the same as in the whole list, at the same place.
@Suite struct ListPartTests {
  /// What the parts of a list are put together, asked for one after the other.
  private func parts(
    _ replicas: Replicas, _ store: Store, _ command: String, _ arguments: [JSONValue.Member],
    by size: Int, total: Int
  ) -> [JSONValue] {
    var out: [JSONValue] = []
    for offset in stride(from: 0, through: total, by: size) {
      let part = replicas.run(
        store,
        LocalRequest(
          command,
          .object(
            arguments + [.init("offset", .integer(offset)), .init("limit", .integer(size))])))
      #expect(part.rows.first == ["total": .integer(total)], "\(command) \(arguments) \(offset)")
      #expect(part.rows.count - 1 == min(size, total - offset), "\(command) \(arguments)")
      out += part.rows.dropFirst()
    }
    return out
  }

  private func expectParts(
    _ replicas: Replicas, _ store: Store, _ command: String, _ arguments: [JSONValue.Member] = [],
    count: Int
  ) {
    let all = replicas.run(store, LocalRequest(command, .object(arguments))).rows
    #expect(all.count == count, "\(command) \(arguments)")
    let wanted = command == "erasures" ? all.reversed() : all
    for size in [1, 2, 3, 100] {
      let found = parts(replicas, store, command, arguments, by: size, total: all.count)
      #expect(found == wanted, "\(command) \(arguments) by \(size)")
    }
    let head = replicas.run(
      store, LocalRequest(command, .object(arguments + [.init("limit", .integer(0))])))
    #expect(head.rows == [["total": .integer(count)]], "\(command)")
  }

  @Test func `Conflicts come by parts, and nothing that is restricted is among them`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let ids = (0..<5).map { number in
      replicas.add(town, "organization", "name=Haus \(number)", "phone=0221 4710-10\(number)").id
    }
    let people = (0..<2).map { number in
      replicas.add(
        town, "contact", "name=Petra Beispiel \(number)", "legal_basis=public_task", "source=Liste",
        "phone=0221 4710-20\(number)"
      ).id
    }
    try await replicas.sync()
    for (number, id) in (ids + people).enumerated() {
      for store in [hub, town] {
        let digit = store === hub ? 3 : 4
        #expect(replicas.edit(store, id, "phone=0221 4710-\(digit)\(10 + number)").outcome == .done)
        if number % 2 == 0 {
          #expect(replicas.edit(store, id, "name=Andere \(digit)").outcome == .done)
        }
      }
    }
    try await replicas.sync()
    for store in [hub, town] { expectParts(replicas, store, "conflicts", count: 11) }
    // The one with two.
    let restricted = replicas.run(
      town, LocalRequest("restrict", ["id": .string(people[1])], reason: "Antrag nach Art. 18"))
    #expect(restricted.outcome == .done, "\(restricted.failure?.text ?? "")")
    try await replicas.sync()
    for store in [hub, town] { expectParts(replicas, store, "conflicts", count: 9) }
  }

  @Test func `Each member is told how much it may decide itself, not what others have to`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let own = replicas.add(town, "organization", "name=Haus", "phone=0221 4710-101").id
    let person = replicas.add(
      town, "contact", "name=Petra Beispiel", "legal_basis=public_task", "source=Liste",
      "phone=0221 4710-102"
    ).id
    let hubs = replicas.add(town, "organization", "name=Amt", "phone=0221 4710-103").id
    try await replicas.sync()
    for (store, number) in [(hub, "201"), (town, "202")] {
      let changes = ["phone=0221 4710-\(number)", "name=Andere \(number)"]
      for id in [own, person] {
        #expect(replicas.edit(store, id, changes[0], changes[1]).outcome == .done)
      }
      #expect(replicas.edit(store, hubs, changes[0]).outcome == .done)
    }
    try await replicas.sync()
    // What was handed over is decided by whoever has it now.
    let transfer = LocalRequest("transfer", ["id": .string(hubs), "member": "hub"])
    #expect(replicas.run(hub, transfer).outcome == .done)
    try await replicas.sync()
    func expect(_ count: Int, at store: Store, of all: Int) {
      let (sync, digest) = (LocalRequest("sync"), LocalRequest("digest"))
      #expect(replicas.run(store, LocalRequest("conflicts")).rows.count == all)
      #expect(replicas.run(store, sync).rows.first?["conflicts"] == .integer(count))
      #expect(replicas.run(store, digest).rows.first?["conflicts"] == .integer(count))
    }
    expect(4, at: town, of: 5)
    expect(5, at: hub, of: 5)
    // Nobody is shown what is restricted.
    let restricted = replicas.run(
      town, LocalRequest("restrict", ["id": .string(person)], reason: "Antrag nach Art. 18"))
    #expect(restricted.outcome == .done, "\(restricted.failure?.text ?? "")")
    try await replicas.sync()
    expect(2, at: town, of: 3)
    expect(3, at: hub, of: 3)
  }

  @Test func `Change requests come by parts: the open ones that concern a member, or all`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let theirs = (0..<6).map { replicas.add(town, "organization", "name=Haus \($0)").id }
    let own = replicas.add(hub, "organization", "name=Kreis").id
    try await replicas.sync()
    func request(_ store: Store, _ id: String) -> String {
      replicas.run(
        store, LocalRequest("request", ["id": .string(id), "remark": "Bitte nachsehen."])
      ).id
    }
    let asked = theirs.map { request(hub, $0) } + [request(town, own)]
    try await replicas.sync()
    func act(_ store: Store, _ command: String, _ request: Int, _ more: [JSONValue.Member] = []) {
      let answer = replicas.run(
        store, LocalRequest(command, .object([.init("id", .string(asked[request]))] + more)))
      #expect(answer.outcome == .done, "\(answer.failure?.text ?? "")")
    }
    act(town, "accept", 0)
    act(town, "decline", 1, [.init("answer", "Nein.")])
    act(town, "decline", 2, [.init("question", "Seit wann?")])
    act(hub, "request", 3, [.init("withdraw", .bool(true))])
    try await replicas.sync()
    for store in [hub, town] {
      expectParts(replicas, store, "requests", count: 4)
      expectParts(replicas, store, "requests", [.init("all", .bool(true))], count: 7)
    }
    // Handed over: now it is the hub's to answer, and what was answered stays so.
    let moved = replicas.run(
      hub, LocalRequest("transfer", ["id": .string(theirs[5]), "member": "hub"]))
    #expect(moved.outcome == .done, "\(moved.failure?.text ?? "")")
    try await replicas.sync()
    expectParts(replicas, hub, "requests", count: 4)
    expectParts(replicas, town, "requests", count: 3)
  }

  @Test func `Orders to erase come by parts, the newest first, and one of them by its id`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let theirs = (0..<4).map { replicas.add(town, "organization", "name=Haus \($0)").id }
    let own = replicas.add(hub, "organization", "name=Kreis").id
    let noted = replicas.add(town, "organization", "name@local=Merkzettel").id
    try await replicas.sync()
    func erase(_ store: Store, _ id: String) {
      let answer = replicas.run(
        store,
        LocalRequest(
          "erase", ["id": .string(id), "only": .bool(true)], role: "Koordination",
          reason: "Antrag nach Art. 17"))
      #expect(answer.outcome == .done, "\(answer.failure?.text ?? "")")
    }
    erase(town, theirs[2])
    erase(town, theirs[0])
    // Known to this machine alone: nobody else has to confirm anything.
    erase(town, noted)
    try await replicas.sync()
    expectParts(replicas, hub, "erasures", count: 2)
    erase(hub, own)
    // The answer does not make an older order a newer one.
    _ = try await hub.doAllDuties(at: 1_800_000_500)
    try await replicas.sync()
    for store in [hub, town] {
      expectParts(replicas, store, "erasures", count: 3)
      let rows = replicas.run(store, LocalRequest("erasures", ["limit": .integer(9)])).rows
      #expect(rows.dropFirst().map { $0["id"]?.text } == [own, theirs[0], theirs[2]])
      let one = replicas.run(store, LocalRequest("erasures", ["id": .string(theirs[0])]))
      #expect(one.rows.map { $0["id"]?.text } == [theirs[0]])
      let none = replicas.run(store, LocalRequest("erasures", ["id": .string(theirs[1])]))
      #expect(none.outcome == .no && none.rows.isEmpty)
    }
  }
}

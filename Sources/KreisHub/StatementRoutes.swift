// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging

extension HubRoutes {
  /// Statements of one request: a town has three scopes.
  private static let statementsAtOnce = 16

  func state(_ request: HubRequest, from caller: Caller) async throws -> Response {
    let limit = Self.statementsAtOnce * (FeedStatement.limit + 128)
    let bytes = try await request.body(of: caller, upTo: limit)
    let wire = try request.message(
      WireStatements.self, of: try request.content(bytes, limit: limit))
    guard wire.statements.count <= Self.statementsAtOnce else {
      throw Problem.malformed("At most \(Self.statementsAtOnce) statements are read at once.")
    }
    let membership = store.membership
    var statements: [StoredStatement] = []
    for signed in wire.statements {
      let statement: FeedStatement
      do throws(MalformedBytes) {
        statement = try FeedStatement(verifying: signed, under: membership)
        guard statement.member == caller.member else {
          throw MalformedBytes("a statement of another member")
        }
      } catch {
        throw Problem(
          .unprocessableContent, "statement", "The statement cannot be accepted",
          "The hub refuses it: \(error).")
      }
      statements.append(
        StoredStatement(
          member: statement.member, scope: statement.head.scope,
          position: statement.head.at.position, at: statement.at, software: statement.software,
          statement: Array(signed.statement), signature: Array(signed.signature)))
    }
    for signed in wire.statements { try await examine(signed) }
    try await store.saveStatements(statements)
    return Response(status: .noContent)
  }

  /// A head that this hub signed and does not have is the proof that it was restored.
  ///
  /// - Throws: `Problem` if it is halted by it.
  private func examine(_ signed: WireSignedStatement) async throws {
    guard
      let read = try? SignedStatement(
        reading: Array(signed.statement), signature: Array(signed.signature)),
      try await store.examine(read.statement.head)
    else { return }
    logger.critical(
      "The hub was restored from a backup and serves no more.",
      metadata: ["reason": "\(store.halted ?? "")"])
    throw Problem.hubRestored
  }

  func statements(_ request: HubRequest, for caller: Caller) async throws -> Response {
    let (now, software, tlsKeys) = (clock.now, software, named.keys)
    // The hub's own are made for each answer: what it states is where it stands, destructions
    // included. While somebody still reads destroyed values it states nothing.
    let read = try await store.read { snapshot in
      (
        stored: try snapshot.statements(for: caller.member),
        own: try snapshot.hubStatements(
          for: caller.member, at: now, software: software, tlsKeys: tlsKeys)
      )
    }
    let stored = read.stored
    let own = try await store.finishDestruction() ? read.own : []
    var wire = WireStatements()
    wire.statements = stored.map { statement in
      var signed = WireSignedStatement()
      signed.statement = .init(statement.statement)
      signed.signature = .init(statement.signature)
      return signed
    }
    wire.statements += own.map(\.wire)
    return try request.answer(wire)
  }
}

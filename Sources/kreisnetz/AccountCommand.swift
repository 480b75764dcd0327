// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisConsole
import KreisInterchange
import KreisLocal
import KreisStore

/// Who may use the console in the browser.
struct AccountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account", abstract: "Say who may use the console in the browser, and for what.",
    discussion: """
      Accounts count where the daemon's setting console_sign_in is "accounts" or "proxy". Roles are \
      reading (look at everything), coordinating (also change, import and export) and administering \
      (also erase). What is changed here counts at once, whether the daemon runs or not. The accounts \
      lie in console/accounts.json in the state directory, not in its backups.

      Examples:
        kreisnetz account add selma.weiss --role coordinating
        kreisnetz account list
        kreisnetz account role selma.weiss reading
        kreisnetz account remove selma.weiss
      """,
    subcommands: [
      AccountAddCommand.self, AccountListCommand.self, AccountRoleCommand.self,
      AccountPasswordCommand.self, AccountRemoveCommand.self,
    ])
}

struct AccountAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make an account.",
    discussion: """
      The password is asked for on a terminal, without showing it; else it is the first line of standard \
      input. With --no-password a reverse proxy says who it is (console_sign_in: proxy); the name is \
      then the one that the proxy gives, in small letters.

      Examples:
        kreisnetz account add selma.weiss --role coordinating
        kreisnetz account add jan@kreis.example.org --role reading --no-password
      """)

  @Argument(help: "Letters a to z, digits, . _ - and @; at most 64.") var name: String
  @Option(help: "reading, coordinating or administering.") var role: ConsoleRole
  @Flag(help: "For whoever signs in at a reverse proxy.") var noPassword = false
  @OptionGroup var state: StateOptions

  func run() throws {
    let directory = try state.directory()
    let book = AccountBook(in: directory)
    let name = try AccountName.checked(name)
    let password = try noPassword ? nil : PasswordInput.new(for: name)
    guard
      let account = ConsoleAccount(
        name: name, role: role, password: password, since: SystemClock.now())
    else { throw AccountName.wrong(name) }
    let about: [JSONValue.Member] = [
      .init("name", .string(name)), .init("role", .string(role.rawValue)),
    ]
    try FileAct("account add", about: about, in: directory.path).run {
      try book.change { accounts in
        guard accounts[name] == nil else {
          throw CommandError(
            .no,
            "There is an account \(name) already. Change it with: kreisnetz account role \(name)")
        }
        guard accounts.count < AccountBook.limit else {
          throw CommandError(.wrongUse, "There are \(AccountBook.limit) accounts; remove some.")
        }
        accounts[name] = account
      }
    }
    try StandardOutput().line("The account \(name) was made (\(role.rawValue)).")
  }
}

struct AccountListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the accounts.",
    discussion: """
      Example:
        kreisnetz account list --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let accounts = try AccountBook(in: try state.directory()).accounts().values
      .sorted { $0.name < $1.name }
    let table = TablePrinter(header: ["name", "role", "signs in", "since"])
    for account in accounts {
      let way = account.password == nil ? "at the proxy" : "with a password"
      guard !output.json else {
        try StandardOutput().json([
          "name": .string(account.name), "role": .string(account.role.rawValue),
          "password": .bool(account.password != nil),
          "since": .integer(Int(clamping: account.since)),
        ])
        continue
      }
      try table.add([
        account.name, account.role.rawValue, way,
        PlainText.time(.integer(Int(clamping: account.since))),
      ])
    }
    if !output.json { try table.finish() }
  }
}

struct AccountRoleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "role", abstract: "Change what an account may do.",
    discussion: """
      Counts from the next click on.

      Example:
        kreisnetz account role selma.weiss administering
      """)

  @Argument(help: "The account.") var name: String
  @Argument(help: "reading, coordinating or administering.") var role: ConsoleRole
  @OptionGroup var state: StateOptions

  func run() throws {
    let directory = try state.directory()
    let about: [JSONValue.Member] = [
      .init("name", .string(try AccountName.checked(name))), .init("role", .string(role.rawValue)),
    ]
    try FileAct("account role", about: about, in: directory.path).run {
      try AccountName.change(name, in: directory) { $0?.role = role }
    }
  }
}

struct AccountPasswordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "password", abstract: "Give an account a new password.",
    discussion: """
      The password is asked for on a terminal, without showing it; else it is the first line of standard \
      input. Whoever is signed in to the account is signed out.

      Example:
        kreisnetz account password selma.weiss
      """)

  @Argument(help: "The account.") var name: String
  @OptionGroup var state: StateOptions

  func run() throws {
    let directory = try state.directory()
    let name = try AccountName.checked(name)
    let password = try PasswordInput.new(for: name)
    try FileAct("account password", about: [.init("name", .string(name))], in: directory.path).run {
      try AccountName.change(name, in: directory) { $0?.password = password }
    }
  }
}

struct AccountRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove an account.",
    discussion: """
      Whoever is signed in to it is signed out. What was done with it stays in the audit log.

      Example:
        kreisnetz account remove selma.weiss
      """)

  @Argument(help: "The account.") var name: String
  @OptionGroup var state: StateOptions

  func run() throws {
    let directory = try state.directory()
    let about: [JSONValue.Member] = [.init("name", .string(try AccountName.checked(name)))]
    try FileAct("account remove", about: about, in: directory.path).run {
      try AccountName.change(name, in: directory) { $0 = nil }
    }
  }
}

extension ConsoleRole: ExpressibleByArgument {}

/// An account as a command names it.
private enum AccountName {
  static func checked(_ text: String) throws -> String {
    guard let name = ConsoleAccount.name(text) else { throw wrong(text) }
    return name
  }

  static func wrong(_ text: String) -> CommandError {
    CommandError(
      .wrongUse,
      "„\(PlainText.printable(text))“ is no name of an account: 1 to 64 of the letters a to z, digits, "
        + ". _ - and @.")
  }

  /// - Throws: `CommandError` if there is no such account.
  static func change(
    _ text: String, in directory: StateDirectory, _ body: (inout ConsoleAccount?) throws -> Void
  ) throws {
    let name = try checked(text)
    try AccountBook(in: directory).change { accounts in
      guard accounts[name] != nil else {
        throw CommandError(
          .no, "There is no account \(name). All are listed by: kreisnetz account list")
      }
      try body(&accounts[name])
    }
  }
}

/// Asks for a new password, which never stands among the arguments, where all accounts of the machine
/// could read it.
private enum PasswordInput {
  static func new(for account: String) throws -> PasswordHash {
    let isTerminal = isatty(STDIN_FILENO) == 1
    let password = try line(isTerminal ? "Password for \(account): " : nil)
    if isTerminal, try line("The same again: ") != password {
      throw CommandError(.wrongUse, "The two are not the same. Nothing was changed.")
    }
    switch PasswordHash.weakness(of: password, for: account) {
    case nil: break
    case .tooShort:
      throw CommandError(
        .wrongUse, "A password has at least \(PasswordHash.minimum) characters.")
    case .tooLong: throw CommandError(.wrongUse, "The password is too long.")
    case .theName: throw CommandError(.wrongUse, "The password must not be the account's name.")
    }
    let salt = (0..<16).map { _ in UInt8.random(in: 0...255) }
    return try PasswordHash(of: password, salt: salt)
  }

  private static func line(_ prompt: String?) throws -> String {
    let terminal = prompt.map { SilentTerminal($0) }
    defer { terminal?.end() }
    guard let line = readLine(), !line.isEmpty else {
      throw CommandError(.wrongUse, "No password was given, so nothing was changed.")
    }
    return line
  }
}

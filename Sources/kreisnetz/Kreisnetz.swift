@main struct Kreisnetz { static func main() {} }

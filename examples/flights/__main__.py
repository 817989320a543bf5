"""Worker processes import this module too, so it must not import the screen."""

if __name__ == "__main__":
    from .run import main

    raise SystemExit(main())

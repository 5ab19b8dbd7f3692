"""One file a wire protocol: how to ask (`build`), and how to read the answer (`Reader`)."""

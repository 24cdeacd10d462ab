"""The frozen values that machines speak and that ``emu.wire`` turns into octets and back."""

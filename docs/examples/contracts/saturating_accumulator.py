"""Reference of the saturating accumulator: one call of `step` per rising clock edge."""

HIGH, LOW = 2047, -2048


class Reference:
    def reset(self):
        self.sum = 0
        return self.outputs_now()

    def step(self, clear_i, valid_i, sample_i):
        start = 0 if clear_i else self.sum
        wide = start + (sample_i if valid_i else 0)
        self.sum = max(LOW, min(HIGH, wide))
        return self.outputs_now()

    def outputs_now(self):
        return {"sum_o": self.sum, "full_o": self.sum in (HIGH, LOW)}

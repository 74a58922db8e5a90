"""Reference of the zero-skipping processing element: `beat` is called once for every pair that is taken."""


class Reference:
    def reset(self):
        self.sum = 0
        self.skipped = 0

    def beat(self, operand_last_i, activation_i, weight_i):
        product = activation_i * weight_i
        self.sum += product
        self.skipped = min(255, self.skipped + (product == 0))
        if not operand_last_i:
            return None  # no result yet
        wrapped = (self.sum + (1 << 23)) % (1 << 24) - (1 << 23)
        result = {"result_o": wrapped, "skipped_o": self.skipped}
        self.reset()
        return result

    def stimulus(self, rng):
        """Sparse operands: half of the activations and a quarter of the weights are zero."""
        for _ in range(60):
            length = rng.randint(1, 12)
            for position in range(length):
                yield {
                    "operand_last_i": position == length - 1,
                    "activation_i": rng.choice((0, rng.randint(-128, 127))),
                    "weight_i": rng.choice((0, *(rng.randint(-128, 127) for _ in range(3)))),
                }

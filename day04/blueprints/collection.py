"""The pictures of the museum."""

PICTURES = {
    1: {"en": "Harbour at dawn", "zh": "港口的黎明"},
    2: {"en": "Two pears", "zh": "两个梨"},
    3: {"en": "The letter", "zh": "信"},
}

{{ text }}

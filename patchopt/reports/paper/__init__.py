"""Tables, numbers and figures as a paper prints them."""
